// Starts Swagger UI on one part of this service's document; nothing is asked of any other host.
// The whole document at once would take Swagger UI many seconds to read.
const { document: address } = document.currentScript.dataset;
const asked = new URLSearchParams(location.search).get("part");
const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);

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
  });
}

follow();
dark.addEventListener("change", follow);
start();
