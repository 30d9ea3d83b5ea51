// openid-client, unmodified, as apps of each kind, as a system, and as a client that registers itself: one journey, named
// by the first argument. BASE is the address of the service, APP that of the app's own server, SECRETS those of the clients
// `basic` and `post`, KEY that of `signed`, SYSTEM_KEY that of the system `agency`, CAREPLAN the operator's command line.
// https://github.com/panva/openid-client
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import * as openid from "openid-client";
import { serving } from "./app.mjs";
import { choose, decide, signIn, withPerson } from "./person.mjs";

const { BASE, APP, SECRETS, KEY, SYSTEM_KEY, CAREPLAN } = process.env;
const BACK = `${APP}/back`;
const SCOPE = "launch/patient openid fhirUser offline_access patient/Goal.rs";
const execute = [openid.allowInsecureRequests];
const ROUTES = {
  "/back": (request, response) => response.end("the app"),
  "/favicon.ico": (request, response) => response.writeHead(204).end(),
};

async function keyOf(text) {
  const { kid, ...jwk } = JSON.parse(text);
  return { kid, key: await crypto.subtle.importKey("jwk", jwk, { name: "ECDSA", namedCurve: jwk.crv }, false, ["sign"]) };
}

const discovered = (id, proof, algorithm) => openid.discovery(new URL(BASE), id, undefined, proof, { algorithm, execute });

// What the service is asked with an access token.
async function status(config, token) {
  const asked = openid.fetchProtectedResource(config, token, new URL(`${BASE}/fhir/Goal/roof`), "GET");
  return asked.then((answer) => answer.status, (error) => error.status ?? error.response?.status ?? assert.fail(error));
}

// The library tells the error of an answer, or its challenge where there is one: then the client did not prove who it is.
const refused = (asked, error) =>
  assert.rejects(asked, (told) => {
    assert.equal(told.error ?? (told.code === "OAUTH_WWW_AUTHENTICATE_CHALLENGE" && "invalid_client"), error, String(told));
    return true;
  });

// From the app to the person and back with tokens; every check of the library is on, the signature of the ID token too.
async function asked(page, config, scope = SCOPE) {
  openid.enableNonRepudiationChecks(config);
  const [pkceCodeVerifier, expectedState, expectedNonce] = [openid.randomPKCECodeVerifier(), openid.randomState(), openid.randomNonce()];
  const address = openid.buildAuthorizationUrl(config, {
    redirect_uri: BACK,
    scope,
    state: expectedState,
    nonce: expectedNonce,
    aud: `${BASE}/fhir`,
    code_challenge: await openid.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: "S256",
  });
  await page.goto(address.href);
  if (new URL(page.url()).pathname === "/sign-in") await signIn(page);
  await choose(page, "Ann");
  await decide(page, "Allow");
  await page.waitForURL(`${BACK}?*`);
  const checks = { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true };
  return openid.authorizationCodeGrant(config, new URL(page.url()), checks);
}

// Tokens are used, refreshed, introspected and taken back.
async function lived(config, tokens) {
  assert.equal(tokens.patient, "ann");
  assert.equal(tokens.claims().fhirUser, `${BASE}/fhir/Practitioner/dana`);
  assert.equal(await status(config, tokens.access_token), 200);
  const next = await openid.refreshTokenGrant(config, tokens.refresh_token);
  assert.notEqual(next.refresh_token, tokens.refresh_token);
  assert.equal(await status(config, next.access_token), 200);
  const told = await openid.tokenIntrospection(config, next.access_token);
  assert.deepEqual([told.active, told.client_id, told.patient], [true, config.clientMetadata().client_id, "ann"]);
  await openid.tokenRevocation(config, next.access_token);
  assert.equal(await status(config, next.access_token), 401);
  assert.equal((await openid.tokenIntrospection(config, next.access_token)).active, false);
  await openid.tokenRevocation(config, next.refresh_token);
  await refused(openid.refreshTokenGrant(config, next.refresh_token), "invalid_grant");
}

async function apps() {
  const secrets = JSON.parse(SECRETS);
  const configs = [
    await discovered("basic", openid.ClientSecretBasic(secrets.basic), "oidc"),
    await discovered("post", openid.ClientSecretPost(secrets.post), "oauth2"),
    await discovered("signed", openid.PrivateKeyJwt(await keyOf(KEY)), "oidc"),
  ];
  await serving(APP, () => withPerson(async (page) => {
    for (const config of configs) await lived(config, await asked(page, config));
  }), ROUTES);
  const wrong = await discovered("basic", openid.ClientSecretBasic(secrets.post), "oidc");
  await refused(openid.refreshTokenGrant(wrong, "none"), "invalid_client");
}

async function system() {
  const proof = openid.PrivateKeyJwt(await keyOf(SYSTEM_KEY));
  for (const algorithm of ["oidc", "oauth2"]) {
    const config = await discovered("agency", proof, algorithm);
    const tokens = await openid.clientCredentialsGrant(config, { scope: "system/Goal.rs" });
    assert.equal(tokens.scope, "system/Goal.rs");
    assert.equal(await status(config, tokens.access_token), 200);
    assert.equal((await openid.tokenIntrospection(config, tokens.access_token)).client_id, "agency");
    await openid.tokenRevocation(config, tokens.access_token);
    assert.equal(await status(config, tokens.access_token), 401);
  }
}

function approved(config, ...said) {
  const [program, ...words] = JSON.parse(CAREPLAN);
  const { client_id } = config.clientMetadata();
  execFileSync(program, [...words, "client", "approve", client_id, ...said, "--purpose", "TREAT"], { timeout: 60_000 });
}

async function registers() {
  const registered = (metadata, proof) => openid.dynamicClientRegistration(new URL(BASE), metadata, proof, { execute });

  // a system with a key of its own
  const { privateKey, publicKey } = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-384" }, true, ["sign", "verify"]);
  const { kty, crv, x, y } = await crypto.subtle.exportKey("jwk", publicKey);
  const machine = await registered({
    client_name: "Harbour Hospital",
    grant_types: ["client_credentials"],
    response_types: [],
    token_endpoint_auth_method: "private_key_jwt",
    scope: "system/Goal.rs",
    jwks: { keys: [{ kty, crv, x, y, kid: "1", use: "sig", alg: "ES384" }] },
  }, openid.PrivateKeyJwt({ key: privateKey, kid: "1" }));
  const asks = () => openid.clientCredentialsGrant(machine, { scope: "system/Goal.rs" });
  await refused(asks(), "invalid_client");
  approved(machine, "--kind", "partner", "--organization", "Organization/harbour");
  assert.equal((await asks()).scope, "system/Goal.rs");

  // an app with a secret
  const app = await registered({
    client_name: "River App",
    redirect_uris: [BACK],
    scope: SCOPE,
    grant_types: ["authorization_code", "refresh_token"],
    token_endpoint_auth_method: "client_secret_basic",
  }, openid.ClientSecretBasic());
  await refused(openid.refreshTokenGrant(app, "none"), "invalid_client");
  approved(app, "--kind", "app", "--organization", "Organization/makers");
  await serving(APP, () => withPerson(async (page) => lived(app, await asked(page, app))), ROUTES);
}

await { apps, system, registers }[process.argv[2]]();
