// Headless Chromium for the page of the API, and everything in it that a reader should never meet.
import assert from "node:assert/strict";
import { chromium } from "playwright-core";

export const [base] = process.argv.slice(2);

// Hands a fresh page to `tried`; fails at errors of the console and of the Content-Security-Policy, and at every
// request to another host. The policy's own event is asked too: not each violation is told in the console.
// What the console says that is `expected` is none.
export async function withPage(options, tried, expected = /(?!)/) {
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM });
  try {
    const page = await (await browser.newContext(options)).newPage();
    const surprises = [];
    page.setDefaultTimeout(60_000);
    page.on("pageerror", (error) => surprises.push(error.message));
    page.on("console", (said) => {
      if (["error", "warning"].includes(said.type())) surprises.push(said.text());
    });
    page.on("request", (request) => {
      if (!/^(data|blob):/.test(request.url()) && new URL(request.url()).origin !== new URL(base).origin) {
        surprises.push(`asks ${request.url()}`);
      }
    });
    await page.addInitScript(() => {
      document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => {
        console.error(`refused by ${violatedDirective}: ${blockedURI}`);
      });
    });
    await tried(page);
    assert.deepEqual(surprises.filter((said) => !expected.test(said)), []);
  } finally {
    await browser.close();
  }
}

// The operations of one part as the document has them: `GET /fhir/Goal`. HEAD is beside every GET.
export function operationsOf(described, part) {
  return Object.entries(described.paths).flatMap(([path, item]) =>
    Object.entries(item)
      .filter(([method, { tags }]) => method !== "head" && tags?.includes(part))
      .map(([method]) => `${method.toUpperCase()} ${path}`),
  );
}
