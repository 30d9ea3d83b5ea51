// Reads, searches, pages, creates, patches and sends bundles with fhir-kit-client, against a running server.
// Called with the base address; the access token is in FHIR_TOKEN. Ends with 1 at the first surprise.
import assert from "node:assert/strict";
import { Client } from "fhir-kit-client";

const client = new Client({ baseUrl: process.argv[2], bearerToken: process.env.FHIR_TOKEN });
const aGoal = (patient, text) => ({
  resourceType: "Goal",
  lifecycleStatus: "active",
  description: { text },
  subject: { reference: patient },
});
const anEntry = (method, url, resource, fullUrl) => ({ fullUrl, resource, request: { method, url } });
const refused = async (promise, status) => {
  const error = await promise.then(() => assert.fail("it was not refused"), (problem) => problem);
  assert.equal(error.response?.status, status, error.message);
  assert.equal(error.response.data.resourceType, "OperationOutcome");
};

// what the server says of itself
const statement = await client.capabilityStatement();
assert.equal(statement.fhirVersion, "4.0.1");
const { tokenUrl } = await client.smartAuthMetadata();
assert.match(String(tokenUrl), /\/oauth\/token$/);

// create, read, vread, update, patch
const patient = await client.create({
  resourceType: "Patient",
  body: { resourceType: "Patient", name: [{ family: "Doe" }] },
});
const ann = `Patient/${patient.id}`;
const made = await client.create({ resourceType: "Goal", body: aGoal(ann, "a roof") });
const goal = { resourceType: "Goal", id: made.id };
assert.equal((await client.read(goal)).description.text, "a roof");
await client.update({ ...goal, body: { ...made, startDate: "2026-06-01" } });
const patched = await client.patch({
  ...goal,
  jsonPatch: [{ op: "replace", path: "/description/text", value: "a key" }],
});
assert.deepEqual([patched.meta.versionId, patched.description.text], ["3", "a key"]);
assert.equal((await client.vread({ ...goal, version: "1" })).description.text, "a roof");
assert.equal((await client.history(goal)).total, 3);
await refused(client.patch({ ...goal, jsonPatch: [{ op: "remove", path: "/subject" }] }), 422);
await refused(client.read({ resourceType: "Goal", id: "none" }), 404);
await refused(client.search({ resourceType: "Goal", searchParams: { unknown: "1" } }), 400);

// a transaction, and a batch of which one entry fails
const [mother, child] = ["urn:uuid:6f4ab1ae-7c6a-4b0a-8a35-8d2e7b1cf2d1", "urn:uuid:0a2a6d3c-0f0e-4bd0-9c53-3f7a3e6a6ff2"];
const carried = await client.transaction({
  body: {
    resourceType: "Bundle",
    type: "transaction",
    entry: [
      anEntry("POST", "Patient", { resourceType: "Patient", name: [{ family: "Roe" }] }, mother),
      ...["a", "b", "c", "d"].map((text) => anEntry("POST", "Goal", aGoal(mother, text))),
      anEntry("POST", "Goal", aGoal(mother, "e"), child),
    ],
  },
});
assert.ok(carried.entry.every(({ response }) => response.status.startsWith("201")));
const [, roe] = /(Patient\/[^/]+)\/_history\/1$/.exec(carried.entry[0].response.location);
const batch = await client.batch({
  body: {
    resourceType: "Bundle",
    type: "batch",
    entry: [anEntry("GET", roe), anEntry("GET", "Goal/none"), anEntry("DELETE", `Goal/${made.id}`)],
  },
});
assert.deepEqual(batch.entry.map(({ response }) => response.status.slice(0, 3)), ["200", "404", "204"]);
await refused(client.read(goal), 410);

// search, by form too, with what belongs to it, page by page, and in the compartment
let page = await client.search({ resourceType: "Goal", searchParams: { patient: roe, _count: 2 } });
assert.equal(page.total, 5);
const texts = [];
for (; page; page = await client.nextPage({ bundle: page })) {
  texts.push(...page.entry.map(({ resource }) => resource.description.text));
}
assert.deepEqual(texts, ["a", "b", "c", "d", "e"]);
const included = await client.search({
  resourceType: "Goal",
  searchParams: { patient: roe, _include: "Goal:patient" },
  options: { postSearch: true },
});
assert.equal(included.entry.at(-1).resource.resourceType, "Patient");
const own = await client.search({
  resourceType: "Goal",
  compartment: { resourceType: "Patient", id: roe.slice("Patient/".length) },
});
assert.equal(own.entry.length, 5);
const everything = await client.operation({
  name: "everything",
  resourceType: "Patient",
  id: roe.slice("Patient/".length),
  method: "GET",
});
assert.equal(everything.entry.length, 6);
