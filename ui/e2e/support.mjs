import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';

/** The server under test. */
export const BASE_URL = required('TINDERBOX_BASE_URL').replace(/\/$/, '');

/** A run that was in progress when the tests began. */
export const jobId = () => required('TINDERBOX_JOB_ID');

/** States that nothing follows. */
export const FINAL_STATES = ['succeeded', 'failed', 'cancelled', 'timed_out'];

const axeSource = readFileSync(
  createRequire(import.meta.url).resolve('axe-core/axe.min.js'),
  'utf8',
);

/** The body of an answer of the API. */
export async function api(path) {
  const answer = await fetch(BASE_URL + path);
  assert.equal(answer.status, 200, `${path} answered ${answer.status}`);
  return answer.json();
}

/**
 * Runs `body` with a page of a fresh browser, and afterwards checks that nothing went wrong on the side: no error on
 * the console, no violation of the content security policy, no request to another origin.
 */
export async function withPage(options, body) {
  const browser = await chromium.launch({
    executablePath: process.env.TINDERBOX_CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  try {
    const context = await browser.newContext({
      viewport: { width: 1440, height: 900 },
      ...options,
    });
    const page = await context.newPage();
    const complaints = [];
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(`console: ${message.text()}`);
    });
    page.on('pageerror', (error) => complaints.push(`exception: ${error.message}`));
    page.on('request', (request) => {
      const url = new URL(request.url());
      if (url.origin !== new URL(BASE_URL).origin) complaints.push(`foreign request: ${url}`);
    });
    await page.exposeFunction('reportViolation', (text) => complaints.push(`policy: ${text}`));
    await page.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', (event) => {
        globalThis.reportViolation(`${event.violatedDirective} refused ${event.blockedURI}`);
      });
    });
    await body(page, complaints);
    assert.deepEqual(complaints, []);
  } finally {
    await browser.close();
  }
}

/** Fails on every serious or critical violation of WCAG 2.2 A and AA that axe finds on the page as it is. */
export async function assertAccessible(page, where) {
  // Through the debugger, which the page's content security policy does not concern.
  await page.evaluate(axeSource);
  const { violations } = await page.evaluate(() =>
    globalThis.axe.run(document, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'],
      resultTypes: ['violations'],
    }),
  );
  const grave = violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, help, nodes }) => ({
      id,
      help,
      nodes: nodes.slice(0, 3).map(({ html, failureSummary }) => `${html}\n${failureSummary}`),
    }));
  assert.deepEqual(grave, [], `accessibility of ${where}`);
}

/** Repeats until `check` returns something that is not undefined. */
export async function until(what, check, timeoutMs = 30_000) {
  const deadline = Date.now() + timeoutMs;
  while (Date.now() < deadline) {
    const found = await check();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`not within ${timeoutMs / 1000} s: ${what}`);
}

function required(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set; see e2e/run.mjs`);
  return value;
}
