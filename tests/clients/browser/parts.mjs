// What page.js gives to Swagger UI for each part of the document. Called with the address of the service.
// A recorder stands in for Swagger UI, which would take a second for each part; screen.mjs has the real one.
import assert from "node:assert/strict";
import { base, operationsOf, withPage } from "./browser.mjs";

const described = await (await fetch(`${base}/docs/openapi.json`)).json();
const names = described.tags.map(({ name }) => name);
const recorder = "window.SwaggerUIBundle = ({ spec }) => { window.given = spec; };";

const referred = (value) =>
  value && typeof value === "object"
    ? Object.entries(value).flatMap(([key, inner]) => (key === "$ref" ? [inner] : referred(inner)))
    : [];
const found = (spec, reference) =>
  reference
    .slice("#/".length)
    .split("/")
    .reduce((at, step) => at?.[step.replaceAll("~1", "/").replaceAll("~0", "~")], spec);

await withPage({}, async (page) => {
  await page.route("**/swagger-ui-bundle.js", (route) =>
    route.fulfill({ contentType: "text/javascript", body: recorder }),
  );
  const given = async (query) => {
    await page.goto(`${base}/docs${query}`);
    await page.waitForFunction(() => window.given);
    return page.evaluate(() => window.given);
  };
  const links = page.getByRole("navigation", { name: "Parts of the API" }).getByRole("link");
  const current = page.locator("#parts [aria-current=page]");

  // each part: its operations and whatever they refer to, and nothing of the others
  const all = [];
  for (const name of names) {
    const spec = await given(`?part=${encodeURIComponent(name)}`);
    assert.deepEqual(await links.allTextContents(), names);
    assert.deepEqual(await current.allTextContents(), [name]);
    assert.deepEqual(spec.tags.map((tag) => tag.name), [name]);
    const shown = operationsOf(spec, name);
    assert.deepEqual(shown, operationsOf(described, name));
    assert.notDeepEqual(shown, []);
    assert.ok(Object.values(spec.paths).every((item) => !("head" in item)));
    assert.deepEqual(referred(spec).filter((reference) => !found(spec, reference)), [], name);
    assert.ok(JSON.stringify(spec).length < JSON.stringify(described).length, name);
    all.push(...shown);
  }

  // together they are the whole document
  const whole = names.flatMap((name) => operationsOf(described, name));
  const everything = Object.entries(described.paths).flatMap(([path, item]) =>
    Object.keys(item)
      .filter((method) => ["get", "put", "post", "delete", "patch"].includes(method))
      .map((method) => `${method.toUpperCase()} ${path}`),
  );
  assert.deepEqual(all, whole);
  assert.deepEqual(new Set(all), new Set(everything));

  // what is no part leads to the first things to know
  for (const query of ["", "?part=", "?part=Nonsense", "?part=%3Cscript%3E", "?part=toString"]) {
    assert.deepEqual((await given(query)).tags.map(({ name }) => name), ["System"], query);
    assert.deepEqual(await current.allTextContents(), ["System"]);
  }
  await links.filter({ hasText: /^Goal$/ }).click();
  await page.waitForURL("**/docs?part=Goal");
});

// without JavaScript the document is named
await withPage({ javaScriptEnabled: false }, async (page) => {
  await page.goto(`${base}/docs`);
  assert.match(await page.locator("#api").innerText(), /needs JavaScript/);
  const answer = await page.request.get(new URL(await page.locator("#api a").getAttribute("href"), base).href);
  assert.equal(answer.status(), 200);
});
