// Runs the browser tests against a server that is up.
//
//   npm run e2e [-- WORD...]     only files whose name holds one of the words
//
//   TINDERBOX_BASE_URL           the server, for example http://127.0.0.1:7878
//   TINDERBOX_JOB_ID             a run that is in progress when the tests begin
//   TINDERBOX_CHROMIUM           the browser, default /usr/bin/chromium
//   TINDERBOX_SCREENSHOT         where the picture of the job page goes, default test-results/job.png
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';

const words = process.argv.slice(2);
const folder = fileURLToPath(new URL('.', import.meta.url));
const files = readdirSync(folder)
  .filter((name) => name.endsWith('.test.mjs'))
  .filter((name) => words.length === 0 || words.some((word) => name.includes(word)))
  .sort()
  .map((name) => join(folder, name));

let passed = 0;
let failed = 0;
const stream = run({ files, concurrency: 1 })
  .on('test:pass', () => {
    passed += 1;
  })
  .on('test:fail', () => {
    failed += 1;
  });
stream.compose(new spec()).pipe(process.stdout);
stream.on('end', () => {
  // The form that the project's test script counts.
  process.on('exit', () => console.log(`${passed} passed, ${failed} failed`));
  process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
});
