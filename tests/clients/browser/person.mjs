// A page as a person meets it: judged by axe on one kind of screen, and used by keyboard alone.
// https://www.w3.org/TR/WCAG22/
import assert from "node:assert/strict";
import axe from "axe-core";

export const [width, height, colorScheme] = process.argv.slice(3);
export const screen = { viewport: { width: Number(width), height: Number(height) }, colorScheme };
const { SHOTS } = process.env; // a folder for pictures, if there shall be any

// Fails at anything axe finds, and at what is wider than the screen.
export async function judged(page, state) {
  if (SHOTS) await page.screenshot({ path: `${SHOTS}/${state}-${width}-${colorScheme}.png`, fullPage: true });
  await page.evaluate(axe.source); // not as a script of the page: the policy would refuse that
  const { violations } = await page.evaluate(() => window.axe.run({ resultTypes: ["violations"] }));
  const told = violations.map(({ id, impact, nodes }) => `${state}: ${impact} ${id} at ${nodes[0].target}`);
  assert.deepEqual(told, []);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  assert.ok(wide <= 0, `${state}: the page is ${wide} pixels wider than the screen`);
}

// Tabs on until that element has the focus, which can be seen.
export async function reached(page, wanted, name) {
  for (let tabs = 0; tabs < 60; tabs += 1) {
    if (await wanted.evaluate((element) => element === document.activeElement)) {
      const ring = await wanted.evaluate((element) => getComputedStyle(element));
      assert.ok(parseFloat(ring.outlineWidth) >= 2 && ring.outlineStyle === "solid", `${name} has no focus ring`);
      return;
    }
    await page.keyboard.press("Tab");
  }
  assert.fail(`${name} is not reached by the keyboard`);
}
