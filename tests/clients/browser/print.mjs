// The print of a plan on one kind of screen, and as it goes to the printer; judged by axe. Called with the address of the
// service, the width and height of the screen, and light or dark. PLAN is the path of the print, TOKEN lets it be read.
// https://www.w3.org/TR/WCAG22/ https://www.w3.org/TR/css-page-3/
import assert from "node:assert/strict";
import { base, withPage } from "./browser.mjs";
import { colorScheme, judged, screen } from "./person.mjs";

const { PLAN, TOKEN } = process.env;
const sizeOf = (page, selector) =>
  page.locator(selector).first().evaluate((element) => parseFloat(getComputedStyle(element).fontSize));
const background = (page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);

await withPage({ ...screen, extraHTTPHeaders: { Authorization: `Bearer ${TOKEN}` } }, async (page) => {
  for (const [query, pixels] of [["", 16], ["?large-print=true&language=es", 24]]) {
    await page.goto(`${base}${PLAN}${query}`);
    await judged(page, `print${pixels}`);
    assert.equal(await page.getByRole("heading", { level: 1 }).count(), 1);
    assert.ok((await page.getByRole("heading", { level: 3 }).count()) > 1);
    assert.ok((await sizeOf(page, "main p")) >= pixels);
    const shown = await background(page);
    assert.notEqual(shown, colorScheme === "dark" ? "rgb(255, 255, 255)" : "rgb(0, 0, 0)");
    await page.emulateMedia({ media: "print" });
    assert.equal(await background(page), "rgb(255, 255, 255)");
    assert.ok((await sizeOf(page, "main p")) >= pixels, "smaller on paper");
    await judged(page, `paper${pixels}`);
    await page.emulateMedia({ media: "screen" });
  }
});
