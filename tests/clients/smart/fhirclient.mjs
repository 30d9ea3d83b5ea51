// SMART's own library in the app, and a person who decides: one journey, named by the first argument. BASE is the address
// of the service, APP that of the app's own server, AGENCY the access token of a system of the agency, SECRET and KEY what
// the confidential apps prove themselves with. https://docs.smarthealthit.org/client-js/
import assert from "node:assert/strict";
import smart from "fhirclient";
import { serving } from "./app.mjs";
import { choose, decide, signIn, withPerson } from "./person.mjs";

const { BASE, APP, AGENCY, SECRET, KEY } = process.env;
const ISS = `${BASE}/fhir`;
const SCOPE = "launch/patient openid fhirUser offline_access patient/*.rs patient/Goal.cruds patient/Task.crs user/Practitioner.rs";

const opened = (page, scope) => page.goto(`${APP}/launch.html?${new URLSearchParams({ iss: ISS, scope })}`);

// The app's page once the library has done its part: "ready", or the error it tells.
async function back(page) {
  await page.waitForURL(`${APP}/index.html?*`);
  return page.evaluate(() => window.told);
}

async function standalone() {
  await withPerson(async (page) => {
    await opened(page, SCOPE);
    await signIn(page);
    await choose(page, "Ann");
    await decide(page, "Allow", [[/change and delete goals/, "Delete"], [/tasks of/, "Allow"]]);
    assert.equal(await back(page), "ready");
    const told = await page.evaluate(async () => {
      const { client } = window;
      const status = (asked) => asked.then(() => 200, (error) => error.statusCode);
      const ids = (goals) => goals.map(({ id }) => id).sort();
      const made = { resourceType: "Goal", lifecycleStatus: "active", description: { text: "a bed" } };
      const before = { ...client.state.tokenResponse };
      const found = {
        patient: (await client.patient.read()).id,
        user: await client.user.read(),
        fhirUser: client.getFhirUser(),
        idToken: client.getIdToken(),
        goals: (await client.request("Goal?patient=ann&_id=key,roof")).total,
        paged: ids(await client.patient.request("Goal?_id=key,roof&_count=1", { pageLimit: 0, flat: true })),
        referred: await client.request("Goal/roof", { resolveReferences: "subject" }),
        created: await client.create({ ...made, subject: { reference: "Patient/ann" } }),
        elsewhere: await status(client.create({ ...made, subject: { reference: "Patient/bob" } })),
        deleted: await status(client.delete("Goal/roof")),
        task: await status(client.create({ resourceType: "Task", status: "draft", intent: "plan", for: { reference: "Patient/ann" } })),
        other: await status(client.request("Patient/bob")),
        before,
      };
      await client.refresh();
      return { ...found, after: { ...client.state.tokenResponse }, again: (await client.patient.read()).id };
    });
    assert.equal(told.patient, "ann");
    assert.deepEqual([told.user.resourceType, told.user.id, told.fhirUser], ["Practitioner", "dana", "Practitioner/dana"]);
    assert.deepEqual([told.idToken.iss, told.idToken.aud, told.idToken.fhirUser], [BASE, "garden", `${ISS}/Practitioner/dana`]);
    assert.equal(told.goals, 2);
    assert.deepEqual(told.paged, ["key", "roof"]);
    assert.equal(told.referred.subject.id, "ann");
    assert.match(told.created.id, /./);
    assert.deepEqual([told.elsewhere, told.deleted, told.task, told.other], [403, 403, 403, 404]);
    assert.equal(told.before.scope.split(" ").filter((scope) => /Task|Goal\.\w*d/.test(scope)).length, 0, told.before.scope);
    assert.match(told.before.scope, /patient\/Goal\.crus( |$)/);
    assert.notEqual(told.after.refresh_token, told.before.refresh_token);
    assert.notEqual(told.after.access_token, told.before.access_token);
    assert.deepEqual([told.again, told.after.scope], ["ann", told.before.scope]);
  }, /status of 40[34]/);
}

async function launched() {
  const headers = { authorization: `Bearer ${AGENCY}`, "content-type": "application/json" };
  const context = { client_id: "garden", patient: "ann", encounter: "visit", intent: "plan-review", need_patient_banner: true };
  const prepared = await fetch(`${BASE}/oauth/launch`, { method: "POST", headers, body: JSON.stringify(context) });
  assert.equal(prepared.status, 201, await prepared.clone().text());
  const { launch_url } = await prepared.json();
  assert.ok(launch_url.startsWith(`${APP}/launch.html?iss=`));
  await withPerson(async (page) => {
    await page.goto(launch_url);
    await signIn(page);
    await decide(page, "Allow");
    assert.equal(await back(page), "ready");
    const told = await page.evaluate(async () => ({
      response: window.client.state.tokenResponse,
      patient: (await window.client.patient.read()).id,
      encounter: (await window.client.encounter.read()).id,
    }));
    assert.deepEqual([told.patient, told.encounter], ["ann", "visit"]);
    assert.deepEqual([told.response.need_patient_banner, told.response.intent], [true, "plan-review"]);
    assert.equal(told.response.refresh_token, undefined);

    // a handle is good once
    await page.goto(launch_url);
    assert.match(await back(page), /^invalid_request: /);
  });
}

async function denied() {
  await withPerson(async (page) => {
    await opened(page, SCOPE);
    await signIn(page);
    await choose(page, "Ann");
    await decide(page, "Deny");
    assert.match(await back(page), /^access_denied/);
    assert.equal(await page.evaluate(() => window.client), undefined);
  });
}

// An app with a server of its own, which keeps the secret or key: the library's other half, in node.
async function confidential(proof) {
  const kept = new Map();
  const storage = { get: async (key) => kept.get(key), set: async (key, value) => kept.set(key, value).get(key), unset: async (key) => kept.delete(key) };
  const scope = "launch/patient openid fhirUser offline_access patient/Goal.rs";
  let client;
  const routes = {
    "/node/launch": (request, response) => smart(request, response, storage).authorize({ iss: ISS, scope, redirectUri: `${APP}/node/back`, ...proof }),
    "/favicon.ico": (request, response) => response.writeHead(204).end(),
    "/node/back": async (request, response) => {
      client = await smart(request, response, storage).ready();
      response.end("the app");
    },
  };
  await serving(APP, () => withPerson(async (page) => {
    await page.goto(`${APP}/node/launch`);
    await signIn(page);
    await choose(page, "Ann");
    await decide(page, "Allow");
    await page.waitForURL(`${APP}/node/back?*`);
    assert.equal(await page.locator("body").innerText(), "the app");
    assert.equal((await client.request("Goal?patient=ann&_id=roof")).total, 1);
    const { refresh_token } = client.state.tokenResponse;
    if (proof.clientSecret) {
      await client.refresh();
      assert.notEqual(client.state.tokenResponse.refresh_token, refresh_token);
      assert.equal((await client.request("Goal/roof")).id, "roof");
    } else {
      // the library signs nothing when it refreshes, and a refresh token does not stand for the key
      await assert.rejects(client.refresh(), { status: 401 });
    }
  }), routes);
}

const JOURNEYS = {
  standalone: () => serving(APP, standalone),
  launched: () => serving(APP, launched),
  denied: () => serving(APP, denied),
  secret: () => confidential({ clientId: "basic", clientSecret: SECRET }),
  key: () => confidential({ clientId: "signed", clientPrivateJwk: JSON.parse(KEY) }),
};
await JOURNEYS[process.argv[2]]();
