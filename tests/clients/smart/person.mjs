// A person at headless Chromium: signs in, chooses a patient, reads the scopes and decides. Whatever the console tells of
// errors fails the journey, but for what is `expected`. SHOTS is a folder for pictures, if there shall be any; SCREEN is
// "1280 800 light" or the like.
import assert from "node:assert/strict";
import axe from "axe-core";
import { chromium } from "playwright-core";

const { CHROMIUM, PASSWORD, SHOTS, SCREEN = "1280 800 light" } = process.env;
const [width, height, colorScheme] = SCREEN.split(" ");
const seen = new Set();

export async function withPerson(tried, expected = /(?!)/) {
  const browser = await chromium.launch({ executablePath: CHROMIUM });
  try {
    const viewport = { width: Number(width), height: Number(height) };
    const page = await (await browser.newContext({ viewport, colorScheme, reducedMotion: "reduce" })).newPage();
    const surprises = [];
    page.setDefaultTimeout(30_000);
    page.on("pageerror", (error) => surprises.push(error.message));
    page.on("console", (said) => {
      if (["error", "warning"].includes(said.type())) surprises.push(`${page.url()}: ${said.text()}`);
    });
    await tried(page);
    assert.deepEqual(surprises.filter((said) => !expected.test(said)), []);
  } finally {
    await browser.close();
  }
}

// Each page once.
async function judged(page, state) {
  if (seen.has(state)) return;
  seen.add(state);
  if (SHOTS) await page.screenshot({ path: `${SHOTS}/${state}-${width}-${colorScheme}.png`, fullPage: true });
  await page.evaluate(axe.source); // not as a script of the page: the policy would refuse that
  const { violations } = await page.evaluate(() => window.axe.run({ resultTypes: ["violations"] }));
  const told = violations.map(({ id, impact, nodes }) => `${state}: ${impact} ${id} at ${nodes[0].target}`);
  assert.deepEqual(told, []);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  assert.ok(wide <= 0, `${state}: the page is ${wide} pixels wider than the screen`);
}

export async function signIn(page, username = "dana") {
  await page.getByRole("heading", { level: 1, name: "Sign in" }).waitFor();
  await judged(page, "sign-in");
  await page.getByLabel("Username").fill(username);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.keyboard.press("Enter");
}

export async function choose(page, name) {
  await page.getByRole("heading", { level: 1, name: "Choose a patient" }).waitFor();
  await judged(page, "patients");
  await page.getByRole("button", { name: new RegExp(`^Choose ${name}`) }).click();
}

// `without` are [the beginning of a scope's sentence, the label of a box], each box is unticked.
export async function decide(page, decision, without = []) {
  await page.getByRole("heading", { level: 1, name: /asks for access$/ }).waitFor();
  await judged(page, "scopes");
  for (const [sentence, box] of without) {
    await page.getByRole("group", { name: sentence }).getByRole("checkbox", { name: box, exact: true }).uncheck();
  }
  await page.getByRole("button", { name: decision, exact: true }).click();
}
