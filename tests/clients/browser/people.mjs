// Signing in by keyboard alone, through both steps, on one kind of screen; every page is judged by axe.
// Called with the address of the service, the width and height of the screen, and light or dark. The person is `ann`
// with PASSWORD and no second factor yet; NOW is the moment of the service, in seconds. https://www.w3.org/TR/WCAG22/
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { base, withPage } from "./browser.mjs";
import { colorScheme, judged, reached, screen } from "./person.mjs";

const { PASSWORD, NOW, PROVIDER } = process.env;
const NEW = "another river, a wide one";
// What is typed wrong is answered with 422, and the console tells; the provider is another host.
const EXPECTED = new RegExp(`status of 422|^asks http://${PROVIDER}/authorize`);

// https://www.rfc-editor.org/rfc/rfc6238#section-4.2
function codeOf(secret, step) {
  const bits = [...secret].map((sign) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(sign).toString(2).padStart(5, "0"));
  const key = Buffer.from(bits.join("").match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const made = createHmac("sha1", key).update(counter).digest();
  const number = made.readUInt32BE(made.at(-1) & 15) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, "0");
}

async function reachedBy(page, role, name) {
  await reached(page, page.getByRole(role, { name, exact: true }), name);
}

async function typed(page, name, text) {
  await reachedBy(page, "textbox", name);
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.type(text);
}

// Enter, and the page it leads to.
async function entered(page, title) {
  await page.keyboard.press("Enter");
  await page.waitForFunction((wanted) => document.title.startsWith(wanted), title);
}

const step = Math.floor(Number(NOW) / 30);

await withPage({ ...screen, reducedMotion: "reduce" }, async (page) => {
  await page.goto(`${base}/account`);
  assert.equal(page.url(), `${base}/sign-in?next=%2Faccount`);
  await judged(page, "sign in");
  const plain = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await page.emulateMedia({ colorScheme: colorScheme === "dark" ? "light" : "dark" });
  assert.notEqual(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), plain);
  await page.emulateMedia({ colorScheme });

  // refused: the summary has the focus and leads to the field
  await typed(page, "Username", "ann");
  await typed(page, "Password", "something else");
  await entered(page, "Error: Sign in");
  assert.ok(await page.getByRole("alert").evaluate((element) => element === document.activeElement));
  await judged(page, "refused");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.id), "username");

  // the password alone, as long as nothing else is set up
  await typed(page, "Username", "Ann");
  await typed(page, "Password", PASSWORD);
  await entered(page, "Your account");
  assert.equal(page.url(), `${base}/account`);
  await judged(page, "account");

  // a second factor
  await reachedBy(page, "link", "Set up an authenticator app");
  await entered(page, "Set up");
  await page.getByRole("img", { name: "QR code for your authenticator app" }).waitFor();
  await judged(page, "setting up");
  const secret = (await page.locator(".secret").innerText()).replaceAll(" ", "").trim();
  await typed(page, "Six digits", "000");
  await typed(page, "Your password", PASSWORD);
  await entered(page, "Error: Set up");
  await judged(page, "not set up");
  assert.equal((await page.locator(".secret").innerText()).replaceAll(" ", "").trim(), secret);
  await typed(page, "Six digits", codeOf(secret, step));
  await typed(page, "Your password", PASSWORD);
  await entered(page, "Your recovery codes");
  await page.getByRole("status").waitFor();
  await judged(page, "recovery codes");
  const codes = await page.locator(".codes code").allInnerTexts();
  assert.equal(new Set(codes).size, 10);
  await reachedBy(page, "link", "I have kept them");
  await entered(page, "Your account");
  await judged(page, "set up");

  // out, and in again by both steps
  await reachedBy(page, "button", "Sign out");
  await entered(page, "Sign in");
  await page.getByRole("status").waitFor();
  await judged(page, "signed out");
  await page.goto(`${base}/sign-in?next=%2Faccount%3Fx%3D1`);
  await typed(page, "Username", "ann");
  await typed(page, "Password", PASSWORD);
  await entered(page, "Your code");
  await judged(page, "code");
  await typed(page, "Six digits", codeOf(secret, step)); // the one used already
  await entered(page, "Error: Your code");
  await judged(page, "code refused");
  await typed(page, "Six digits", codeOf(secret, step + 1));
  await entered(page, "Your account");
  assert.equal(page.url(), `${base}/account?x=1`);

  // another password
  await reachedBy(page, "link", "Change your password");
  await entered(page, "Change your password");
  await judged(page, "password");
  await typed(page, "Your password now", PASSWORD);
  await typed(page, "New password", "short");
  await typed(page, "New password again", "short");
  await entered(page, "Error: Change your password");
  await judged(page, "password refused");
  await typed(page, "Your password now", PASSWORD);
  await typed(page, "New password", NEW);
  await typed(page, "New password again", NEW);
  await entered(page, "Your account");
  await page.getByRole("status").waitFor();
  await judged(page, "password changed");

  // with the provider and a recovery code, while another browser is in
  const other = await (await page.context().browser().newContext(screen)).newPage();
  await other.goto(`${base}/sign-in`);
  await judged(other, "ways to sign in");
  await reachedBy(other, "link", `Sign in with ${PROVIDER}`);
  await entered(other, "Your code");
  await reachedBy(other, "link", "Use a recovery code");
  await entered(other, "Your recovery code");
  await judged(other, "recovery code");
  await typed(other, "Recovery code", "AAAA");
  await entered(other, "Error: Your recovery code");
  await judged(other, "recovery code refused");
  await typed(other, "Recovery code", codes[0].toLowerCase());
  await entered(other, "Your account");
  await judged(other, "two sessions");
  await reachedBy(other, "button", "Sign out everywhere else");
  await other.keyboard.press("Enter");
  await other.getByRole("status").waitFor();
  await page.goto(`${base}/account`);
  assert.equal(page.url(), `${base}/sign-in?next=%2Faccount`);

  // new codes, and off
  await reachedBy(other, "link", "Make new recovery codes");
  await entered(other, "New recovery codes");
  await judged(other, "new recovery codes");
  await typed(other, "Your password", NEW);
  await entered(other, "Your recovery codes");
  const [code] = await other.locator(".codes code").allInnerTexts();
  await other.goto(`${base}/account/second-factor/off`);
  await judged(other, "second step off");
  await typed(other, "Your password", NEW);
  await typed(other, "Code", code);
  await entered(other, "Your account");
  await judged(other, "second step is off");
  await other.goto(`${base}/sign-in/back?state=x&code=y`);
  await judged(other, "not signed in");
}, EXPECTED);
