// Takes from GitHub's own descriptions what the resource uses, so that every test run can hold requests and answers to
// them without 400 MB of documents.
//
//     npm ci && node extract.mjs          writes github.json, ghes.json and github.graphql
//     npm ci && node extract.mjs --check  fails when they are not what these packages give

import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import {
  GraphQLEnumType, GraphQLInputObjectType, GraphQLInterfaceType, GraphQLObjectType, GraphQLScalarType,
  GraphQLUnionType, TypeInfo, buildSchema, getNamedType, isSpecifiedScalarType, parse, validate, visit, visitWithTypeInfo,
} from "graphql";

const OPERATIONS = [
  "apps/create-installation-access-token",
  "apps/get-authenticated",
  "issues/add-labels",
  "issues/check-user-can-be-assigned",
  "issues/create",
  "issues/create-comment",
  "issues/delete-comment",
  "issues/get",
  "issues/list-comments",
  "issues/list-for-repo",
  "issues/update",
  "issues/update-comment",
  "repos/get-collaborator-permission-level",
  "teams/get-membership-for-user-in-org",
  "users/get-authenticated",
  "users/get-by-id",
  "users/get-by-username",
];
const GRAPHQL = "../../../crates/github/src";
const check = process.argv.includes("--check");
const modules = "node_modules/@octokit";
const versionOf = (name) => JSON.parse(readFileSync(`${modules}/${name}/package.json`)).version;

// OpenAPI 3.0's dialect of JSON Schema, as JSON Schema 2020-12.
function convert(schema) {
  if (Array.isArray(schema)) return schema.map(convert);
  if (schema === null || typeof schema !== "object") return schema;
  const out = {};
  for (const [key, value] of Object.entries(schema)) {
    if (["description", "example", "examples", "title", "externalDocs", "deprecated", "default", "nullable", "readOnly", "writeOnly", "discriminator", "xml"].includes(key)) continue;
    if (key.startsWith("x-")) continue;
    if (key === "$ref") out.$ref = value.replace("#/components/schemas/", "#/$defs/");
    else if (key === "properties" || key === "patternProperties")
      out[key] = Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, convert(inner)]));
    else if (["items", "additionalProperties", "not", "allOf", "anyOf", "oneOf"].includes(key)) out[key] = convert(value);
    else out[key] = value;
  }
  if (schema.nullable) {
    if (out.enum && !out.enum.includes(null)) out.enum = [...out.enum, null];
    if (typeof out.type === "string") out.type = [out.type, "null"];
    else return { anyOf: [out, { type: "null" }] };
  }
  return out;
}

function refs(value, found) {
  if (Array.isArray(value)) value.forEach((inner) => refs(inner, found));
  else if (value && typeof value === "object")
    for (const [key, inner] of Object.entries(value))
      if (key === "$ref") found.add(inner.split("/").pop());
      else refs(inner, found);
}

function openapi(name) {
  const document = JSON.parse(readFileSync(`${modules}/openapi/generated/${name}.json`));
  const at = (ref) => ref.slice(2).split("/").reduce((value, key) => value[key], document);
  const solid = (value) => (value && value.$ref ? at(value.$ref) : value);
  const json = (content) => {
    const type = content && Object.keys(content).find((type) => type.startsWith("application/json"));
    return type ? convert(content[type].schema) : null;
  };
  const operations = [];
  for (const [path, methods] of Object.entries(document.paths))
    for (const [method, operation] of Object.entries(methods)) {
      if (!OPERATIONS.includes(operation.operationId)) continue;
      operations.push({
        id: operation.operationId,
        method: method.toUpperCase(),
        path,
        parameters: (operation.parameters ?? []).map(solid).map((parameter) => ({
          name: parameter.name, in: parameter.in, required: parameter.required ?? false, schema: convert(parameter.schema),
        })),
        body: operation.requestBody ? json(solid(operation.requestBody).content) : null,
        answers: Object.fromEntries(Object.entries(operation.responses).map(([status, answer]) => [status, json(solid(answer).content)])),
      });
    }
  const missing = OPERATIONS.filter((id) => !operations.some((operation) => operation.id === id));
  if (missing.length) throw new Error(`${name} does not have ${missing}`);
  operations.sort((one, other) => one.id.localeCompare(other.id));
  const defs = {};
  const queue = new Set();
  refs(operations, queue);
  for (const name of queue) {
    defs[name] = convert(document.components.schemas[name]);
    refs(defs[name], queue); // a Set grows while it is iterated
  }
  return {
    from: `@octokit/openapi ${versionOf("openapi")}, ${name}.json; written by extract.mjs`,
    operations,
    $defs: Object.fromEntries(Object.entries(defs).sort(([one], [other]) => one.localeCompare(other))),
  };
}

// The part of GraphQL's schema that the documents name, after they were validated against the whole.
function graphql() {
  // GitHub's document defines two fields twice, which graphql-js refuses; nothing here reads them.
  const schema = buildSchema(readFileSync(`${modules}/graphql-schema/schema.graphql`, "utf8"), { assumeValidSDL: true });
  const read = (name) => readFileSync(`${GRAPHQL}/${name}`, "utf8");
  const issue = read("issue.graphql");
  const from = (text, fragment) => text.slice(text.indexOf(`fragment ${fragment} `));
  const neighbours = read("neighbours.graphql");
  const documents = [
    issue,
    `${neighbours}\n${from(issue, "Whole")}`,
    `${read("touched.graphql")}\n${from(neighbours, "Near")}\n${from(issue, "Who")}`,
    read("renamed.graphql"),
  ];
  const types = new Map(); // name → fields
  const use = (type, field) => {
    const named = getNamedType(type);
    if (!types.has(named.name)) types.set(named.name, new Set());
    if (field) types.get(named.name).add(field);
  };
  for (const text of documents) {
    const document = parse(text);
    const errors = validate(schema, document);
    if (errors.length) throw new Error(errors.map((error) => error.message).join("\n"));
    const info = new TypeInfo(schema);
    visit(document, visitWithTypeInfo(info, {
      Field(node) {
        if (node.name.value === "__typename") return;
        use(info.getParentType(), node.name.value);
        use(info.getFieldDef().type);
        for (const argument of info.getFieldDef().args) if (node.arguments.some((given) => given.name.value === argument.name)) use(argument.type);
      },
      InlineFragment: () => use(info.getType()),
      FragmentDefinition: () => use(info.getType()),
      VariableDefinition: () => { if (info.getInputType()) use(info.getInputType()); },
    }));
    document.definitions.filter((definition) => definition.name?.value && definition.typeCondition).forEach((definition) => use(schema.getType(definition.typeCondition.name.value)));
  }
  // What an interface or a union can be.
  for (const name of [...types.keys()]) {
    const type = schema.getType(name);
    if (type instanceof GraphQLInterfaceType)
      for (const object of schema.getPossibleTypes(type)) types.get(name).forEach((field) => use(object, field));
    if (type instanceof GraphQLUnionType && name === "Closer") type.getTypes().forEach((object) => use(object));
  }
  const used = (name) => types.has(name);
  const out = [`# @octokit/graphql-schema ${versionOf("graphql-schema")}, the part that the resource's queries name; written by extract.mjs`, "schema { query: Query }"];
  const named = [...types.keys()].sort();
  for (const name of named) {
    const type = schema.getType(name);
    if (isSpecifiedScalarType(type)) continue;
    if (type instanceof GraphQLScalarType) out.push(`scalar ${name}`);
    else if (type instanceof GraphQLEnumType) out.push(`enum ${name} { ${type.getValues().map((value) => value.name).join(" ")} }`);
    else if (type instanceof GraphQLUnionType)
      out.push(`union ${name} = ${type.getTypes().map((member) => member.name).filter(used).join(" | ")}`);
    else if (type instanceof GraphQLInputObjectType) {
      Object.values(type.getFields()).forEach((field) => { if (!used(getNamedType(field.type).name)) types.set(getNamedType(field.type).name, new Set()); });
      out.push(`input ${name} {\n${Object.values(type.getFields()).map((field) => `  ${field.name}: ${field.type}`).join("\n")}\n}`);
      for (const field of Object.values(type.getFields())) {
        const inner = getNamedType(field.type);
        if (inner instanceof GraphQLEnumType && !named.includes(inner.name) && !out.some((line) => line.startsWith(`enum ${inner.name} `)))
          out.push(`enum ${inner.name} { ${inner.getValues().map((value) => value.name).join(" ")} }`);
      }
    } else if (type instanceof GraphQLObjectType || type instanceof GraphQLInterfaceType) {
      const fields = [...types.get(name)].sort().map((field) => {
        const definition = type.getFields()[field];
        const args = definition.args.filter((argument) => used(getNamedType(argument.type).name) || isSpecifiedScalarType(getNamedType(argument.type)));
        const list = args.map((argument) => `${argument.name}: ${argument.type}`).join(", ");
        return `  ${field}${list ? `(${list})` : ""}: ${definition.type}`;
      });
      if (!fields.length) fields.push("  id: ID!");
      const interfaces = type.getInterfaces().map((inner) => inner.name).filter(used);
      const kind = type instanceof GraphQLObjectType ? "type" : "interface";
      out.push(`${kind} ${name}${interfaces.length ? ` implements ${interfaces.join(" & ")}` : ""} {\n${fields.join("\n")}\n}`);
    }
  }
  return `${out.join("\n\n")}\n`;
}

const newestServer = readdirSync(`${modules}/openapi/generated`)
  .map((name) => /^ghes-(\d+)\.(\d+)\.json$/.exec(name)).filter(Boolean)
  .sort((one, other) => one[1] - other[1] || one[2] - other[2]).pop()[0].replace(".json", "");
const results = {
  "github.json": `${JSON.stringify(openapi("api.github.com"), null, 1)}\n`,
  "ghes.json": `${JSON.stringify(openapi(newestServer), null, 1)}\n`,
  "github.graphql": graphql(),
};
let stale = false;
for (const [name, text] of Object.entries(results)) {
  if (!check) writeFileSync(name, text);
  else if (readFileSync(name, "utf8") !== text) {
    stale = true;
    console.error(`${name} is not what the packages give; run: npm ci && node extract.mjs`);
  }
}
if (stale) process.exit(1);
console.log(check ? "the description is GitHub's" : `wrote ${Object.keys(results).join(", ")}`);
