// The page of the API on one kind of screen, read and tried as by a person, and judged by axe in every state.
// Called with the address of the service, the width and height of the screen, and light or dark; an access token
// is in FHIR_TOKEN. https://www.w3.org/TR/WCAG21/
import assert from "node:assert/strict";
import axe from "axe-core";
import { base, operationsOf, withPage } from "./browser.mjs";

const [width, height, colorScheme] = process.argv.slice(3);

// Rules that Swagger UI's own markup breaks, none of them serious, with the only elements that may break them:
const THEIRS = {
  // the name of a tag is an h3 below the h1 of the title, and so is that of a dialog
  "heading-order": /^#operations-tag-|^\.modal-ux-header > h3$/,
  // the answers of each open operation are a region, and all of these have one name
  "landmark-unique": /^#\w+_responses$/,
  // its title and the choice of a server stand before its own main
  region: /^\.(information|schemes-server)-container$/,
};

async function judged(page, state) {
  await page.evaluate(axe.source); // not as a script of the page: the policy would refuse that
  const { violations } = await page.evaluate(() => window.axe.run({ resultTypes: ["violations"] }));
  const ours = violations.flatMap(({ id, impact, nodes }) =>
    nodes
      .map(({ target }) => target.join(" "))
      .filter((target) => !THEIRS[id]?.test(target))
      .map((target) => `${state}: ${impact} ${id} at ${target}`),
  );
  assert.deepEqual(ours, []);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  assert.ok(wide <= 0, `${state}: the page is ${wide} pixels wider than the screen`);
}

const described = await (await fetch(`${base}/docs/openapi.json`)).json();
const screen = { viewport: { width: Number(width), height: Number(height) }, colorScheme };

await withPage({ ...screen, reducedMotion: "reduce" }, async (page) => {
  await page.goto(`${base}/docs`);
  await page.locator(".opblock").first().waitFor();
  await judged(page, "System");
  await page.getByRole("link", { name: "Goal", exact: true }).click();
  await page.locator("#operations-Goal-searchGoal").waitFor();

  // the operations are those of the document
  const summaries = await page.locator(".opblock-summary").evaluateAll((all) =>
    all.map((one) =>
      ["method", "path"].map((what) => one.querySelector(`.opblock-summary-${what}`).textContent).join(" "),
    ),
  );
  const read = summaries.map((text) => text.replaceAll("\u200b", "")); // where a long path may be broken
  assert.deepEqual(read.toSorted(), operationsOf(described, "Goal").toSorted());
  await judged(page, "Goal");

  // dark and light are the reader's, also when that changes
  const isDark = (wanted) => document.documentElement.classList.contains("dark-mode") === wanted;
  const backdrop = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const [was, other] = [await backdrop(), colorScheme === "dark" ? "light" : "dark"];
  assert.ok(await page.evaluate(isDark, colorScheme === "dark"));
  await page.emulateMedia({ colorScheme: other });
  await page.waitForFunction(isDark, other === "dark");
  assert.notEqual(await backdrop(), was);
  await page.emulateMedia({ colorScheme });
  await page.waitForFunction(isDark, colorScheme === "dark");

  // a token is given
  await page.getByRole("button", { name: "Authorize" }).click();
  const dialog = page.locator(".dialog-ux");
  await dialog.locator("#auth-bearer-value").fill(process.env.FHIR_TOKEN);
  await judged(page, "authorization");
  await dialog.locator("form", { hasText: "bearer" }).getByRole("button", { name: "Authorize" }).click();
  await dialog.getByRole("button", { name: "Close" }).first().click();

  // an operation is opened by the keyboard, tried and answered; its address leads back to it
  const search = page.locator("#operations-Goal-searchGoal");
  await search.locator(".opblock-summary-control").focus();
  await page.keyboard.press("Enter");
  await search.getByRole("button", { name: "Try it out" }).click();
  assert.match(page.url(), /\/docs\?part=Goal#\/Goal\/searchGoal$/);
  await search.getByRole("textbox", { name: "_count", exact: true }).fill("3");
  await search.getByRole("combobox", { name: "_total", exact: true }).selectOption("accurate");
  await judged(page, "trying");
  await search.getByRole("button", { name: "Execute" }).click();
  const answer = search.locator(".live-responses-table tbody .response-col_description");
  await answer.first().waitFor();
  assert.equal(await search.locator(".live-responses-table tbody .response-col_status").innerText(), "200");
  assert.match(await answer.first().innerText(), /"total": 1/);
  assert.match(await search.locator(".request-url").innerText(), /\/fhir\/Goal\?_count=3&_total=accurate/);
  await judged(page, "answered");
  const documented = search.locator(".responses-table:not(.live-responses-table) [data-code='200']");
  await documented.getByRole("tab", { name: "Schema" }).click();
  await documented.getByRole("button", { name: "Expand all" }).first().click();
  await documented.getByRole("button", { name: "Collapse all" }).first().waitFor();
  await judged(page, "schema");
  await page.reload();
  await search.getByRole("button", { name: "Try it out" }).waitFor();
  await search.locator(".opblock-summary-control").click();

  // each method has its colours
  for (const name of ["createGoal", "updateGoal", "patchGoal", "deleteGoal", "searchByFormGoal"]) {
    const operation = page.locator(`#operations-Goal-${name}`);
    await operation.locator(".opblock-summary-control").click();
    await operation.getByRole("button", { name: "Try it out" }).click();
  }
  await judged(page, "methods");
});
