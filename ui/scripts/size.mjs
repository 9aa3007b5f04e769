// Fails when the JavaScript of the first screen, or of everything, has grown above its limit (gzip).
//
//   npm run size [-- FOLDER]     of a finished build, default ../dist/ui
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { gzipSync } from 'node:zlib';

const KB = 1000;
/** Limits in bytes, from the gates of the design. */
const LIMITS = { 'first screen': 140 * KB, 'all JavaScript': 450 * KB };
const FIRST_SCREEN = ['index.html', 'src/features/runs/RunsPage.tsx'];

const folder = resolve(process.argv[2] ?? '../dist/ui');
const manifest = JSON.parse(readFileSync(`${folder}/.vite/manifest.json`, 'utf8'));

/** Every script that an entry imports at once, itself included. */
function closure(entries) {
  const found = new Set();
  const visit = (key) => {
    const chunk = manifest[key];
    if (!chunk) throw new Error(`${key} is not in the manifest`);
    if (found.has(chunk.file)) return;
    found.add(chunk.file);
    chunk.imports?.forEach(visit);
  };
  entries.forEach(visit);
  return [...found].filter((file) => file.endsWith('.js'));
}

const sizes = {
  'first screen': closure(FIRST_SCREEN),
  'all JavaScript': closure(
    Object.keys(manifest).filter((key) => manifest[key].file.endsWith('.js')),
  ),
};
for (const [name, files] of Object.entries(sizes)) {
  const bytes = files.reduce(
    (sum, file) => sum + gzipSync(readFileSync(`${folder}/${file}`)).length,
    0,
  );
  const over = bytes > LIMITS[name];
  console.log(
    `${name.padEnd(15)} ${(bytes / KB).toFixed(1).padStart(6)} kB gzip of ${LIMITS[name] / KB}${over ? '  TOO LARGE' : ''}`,
  );
  if (over) process.exitCode = 1;
}
