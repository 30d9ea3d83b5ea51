// Starts Swagger UI on one part of this service's document; nothing is asked of any other host.
// The whole document at once would take Swagger UI many seconds to read.
const { document: address } = document.currentScript.dataset;
const asked = new URLSearchParams(location.search).get("part");
const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);

// Swagger UI puts a link into each button that opens an operation: a screen reader finds two controls in one.
const plainSummaries = () => ({ wrapComponents: { DeepLink: () => ({ text }) => text } });

// What Swagger UI leaves without a name that a screen reader could say, or out of reach of the keyboard.
const MENDED = [
  ["#servers", "aria-label", "Server"],
  [".body-param__text", "aria-label", "Body"],
  [".modal-ux", "role", "dialog"],
  [".modal-ux", "aria-label", "Authorization"],
  [".close-modal", "aria-label", "Close"],
  [".json-schema-2020-12-accordion:has(> :first-child:empty)", "aria-label", "Schema"],
  [":is(.curl, .microlight)", "tabindex", "0"],
];

function mend() {
  for (const [selector, attribute, name] of MENDED) {
    for (const one of document.querySelectorAll(`#api ${selector}`)) one.setAttribute(attribute, name);
  }
  for (const row of document.querySelectorAll("#api tr:is([data-param-name], [data-property-name])")) {
    const name = row.dataset.paramName ?? row.dataset.propertyName;
    for (const field of row.querySelectorAll("input, select, textarea")) {
      if (!field.labels?.length) field.setAttribute("aria-label", name);
    }
  }
  // These say something else than what is written on them.
  for (const button of document.querySelectorAll("#api .modal-btn")) button.removeAttribute("aria-label");
}

function linked(name, current) {
  const link = document.createElement("a");
  link.href = `?part=${encodeURIComponent(name)}`;
  link.textContent = name;
  if (name === current) link.setAttribute("aria-current", "page");
  return link;
}

function partOf(described, tag) {
  const paths = {};
  for (const [path, { head, ...item }] of Object.entries(described.paths)) {
    // HEAD is beside every GET and says nothing more to a reader.
    if (Object.values(item).some((operation) => operation.tags?.includes(tag))) paths[path] = item;
  }
  const text = JSON.stringify(paths);
  const used = (kind, all) => Object.entries(all).filter(([key]) => text.includes(`/${kind}/${key}"`));
  const { parameters, responses, requestBodies, ...others } = described.components;
  const components = { ...others };
  for (const [kind, all] of Object.entries({ parameters, responses, requestBodies })) {
    components[kind] = Object.fromEntries(used(kind, all));
  }
  return { ...described, tags: described.tags.filter(({ name }) => name === tag), paths, components };
}

async function start() {
  const described = await (await fetch(address)).json();
  const names = described.tags.map(({ name }) => name);
  const shown = names.includes(asked) ? asked : "System";
  document.getElementById("parts").replaceChildren(...names.map((name) => linked(name, shown)));
  SwaggerUIBundle({
    spec: partOf(described, shown),
    dom_id: "#api",
    deepLinking: true,
    displayRequestDuration: true,
    docExpansion: "list",
    defaultModelsExpandDepth: -1,
    validatorUrl: null,
    plugins: [plainSummaries],
  });
}

new MutationObserver(mend).observe(document.getElementById("api"), { childList: true, subtree: true });
follow();
dark.addEventListener("change", follow);
start();
