// An app asks for access, on one kind of screen: the patient is chosen, scopes are read and unticked by keyboard, and the
// browser comes back to the app, at whatever kind of address. Every page is judged by axe. Called with the address of the
// service, the width and height of the screen, and light or dark. QUESTIONS is a JSON object of the addresses that the app
// sends people to, by the kind of address it goes back to; SHOTS a folder for pictures, if there shall be any.
// https://www.w3.org/TR/WCAG22/ and https://www.w3.org/TR/CSP3/#directive-form-action
import assert from "node:assert/strict";
import { base, withPage } from "./browser.mjs";
import { judged, reached, screen } from "./person.mjs";

const { PASSWORD, QUESTIONS } = process.env;
const questions = JSON.parse(QUESTIONS);

const OTHERS = /^asks (https:\/\/app\.example\.org|http:\/\/127\.0\.0\.1|org\.example\.app)|ERR_/;

await withPage({ ...screen, reducedMotion: "reduce" }, async (page) => {
  const came = [];
  page.on("request", (request) => {
    if (!request.url().startsWith(base)) came.push(request.url());
  });
  await page.route(/^https:\/\/app\.example\.org|^http:\/\/127\.0\.0\.1:4999/, (route) => route.fulfill({ body: "the app", contentType: "text/plain" }));
  // a scheme of one's own leaves the browser; what it asks of the system is told by the protocol of its tools
  const tools = await page.context().newCDPSession(page);
  await tools.send("Page.enable");
  const left = [];
  tools.on("Page.frameRequestedNavigation", ({ url }) => left.push(url));
  tools.on("Page.frameScheduledNavigation", ({ url }) => left.push(url));

  await page.goto(`${base}${questions.https}`);
  assert.match(page.url(), /\/sign-in\?next=/);
  await page.getByLabel("Username").fill("dana");
  await page.getByLabel("Password").fill(PASSWORD);
  await page.keyboard.press("Enter");

  // a patient
  await page.getByRole("heading", { name: "Choose a patient", exact: true }).waitFor();
  await judged(page, "patients");
  await page.getByLabel("Date of birth").fill("1980-02-03");
  await reached(page, page.getByRole("button", { name: "Search" }), "Search");
  await page.keyboard.press("Enter");
  await page.waitForURL(/birthdate=1980/);
  await reached(page, page.getByRole("button", { name: /^Choose Ann/ }), "Choose");
  await page.keyboard.press("Enter");

  // the scopes
  await page.getByRole("heading", { level: 1, name: /asks for access$/ }).waitFor();
  await judged(page, "scopes");
  const [allow, deny] = await Promise.all(
    ["Allow", "Deny"].map((name) => page.getByRole("button", { name, exact: true }).evaluate((button) => {
      const { width, height } = button.getBoundingClientRect();
      const { backgroundColor, color, fontSize } = getComputedStyle(button);
      return { width: Math.round(width), height: Math.round(height), backgroundColor, color, fontSize };
    })),
  );
  assert.deepEqual(allow, deny, "to deny is as prominent as to allow");
  const first = page.getByRole("group").first();
  await reached(page, first.getByRole("checkbox", { name: "Allow" }), "the first scope");
  await page.keyboard.press("Space");
  assert.equal(await first.getByRole("checkbox", { name: "Allow" }).isChecked(), false);
  await judged(page, "unticked");
  await reached(page, page.getByRole("button", { name: "Allow", exact: true }), "Allow");
  await page.keyboard.press("Enter");
  await page.waitForURL(/^https:\/\/app\.example\.org\/back\?code=/);
  assert.equal(await page.locator("body").innerText(), "the app");

  // back to a loopback address, after denying
  await page.goto(`${base}${questions.loopback}`);
  await page.getByRole("button", { name: "Deny", exact: true }).click();
  await page.waitForURL(/^http:\/\/127\.0\.0\.1:4999\/back\?error=access_denied/);

  // to an app on the device, which no browser shows: the page stays, with its link
  await page.goto(`${base}${questions.custom}`);
  await page.getByRole("button", { name: "Allow", exact: true }).click();
  const link = page.getByRole("link", { name: /^Continue to/ });
  await link.waitFor();
  await judged(page, "continue");
  assert.match(await link.getAttribute("href"), /^org\.example\.app:\/back\?code=/);
  for (let waits = 0; waits < 50 && !left.some((url) => url.startsWith("org.example.app:")); waits += 1) {
    await page.waitForTimeout(100);
  }
  assert.ok(left.some((url) => url.startsWith("org.example.app:/back?code=")), `the browser went to ${left}`);
}, OTHERS);
