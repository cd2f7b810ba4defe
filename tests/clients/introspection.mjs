// Builds each role's schema as tools do, from every form of the introspection query, and prints what it found:
// {"role": {"query": […], "mutation": […], "defaults": 3}}
import assert from "node:assert/strict";
import {
  assertValidSchema,
  buildClientSchema,
  buildSchema,
  getIntrospectionQuery,
  isInputObjectType,
  isObjectType,
  lexicographicSortSchema,
  parse,
  printSchema,
  validate,
} from "graphql";
import { ask, ROLES } from "./engine.mjs";

const NONE = { descriptions: false };
const FULL = {
  descriptions: true,
  specifiedByUrl: true,
  directiveIsRepeatable: true,
  schemaDescription: true,
  inputValueDeprecation: true,
  oneOf: true,
};
const FORMS = [NONE, FULL, ...Object.keys(FULL).map((name) => ({ ...NONE, [name]: true }))];

async function schemaOf(role, form) {
  const query = getIntrospectionQuery(form);
  const { data, errors } = await ask(role, query);
  assert.equal(errors, undefined, `${role}: ${JSON.stringify(errors)}`);
  const schema = buildClientSchema(data);
  assertValidSchema(schema);
  assert.deepEqual(validate(schema, parse(query)), []);
  return schema;
}

function checkText(schema) {
  const printed = printSchema(lexicographicSortSchema(schema));
  assert.equal(printSchema(lexicographicSortSchema(buildSchema(printed))), printed);
}

// How many inputs have a default, as the engine writes them and as graphql-js reads them: it drops what does not fit.
const isOwn = ({ name }) => !name.startsWith("__");
const ofTypes = (types, argsOf) => types.filter(isOwn).flatMap(argsOf);

function writtenDefaults({ directives, types }) {
  const owners = [...directives, ...ofTypes(types, ({ fields }) => fields ?? [])];
  const inputs = [...owners.flatMap(({ args }) => args), ...ofTypes(types, ({ inputFields }) => inputFields ?? [])];
  return inputs.filter(({ defaultValue }) => defaultValue !== null).length;
}

function readDefaults(schema) {
  const inputsOf = (type) => {
    if (isInputObjectType(type)) return Object.values(type.getFields());
    return isObjectType(type) ? Object.values(type.getFields()).flatMap(({ args }) => args) : [];
  };
  const inputs = [...schema.getDirectives().flatMap(({ args }) => args), ...ofTypes(Object.values(schema.getTypeMap()), inputsOf)];
  return inputs.filter(({ defaultValue }) => defaultValue !== undefined).length;
}

async function checkDefaults(role, schema) {
  const { data } = await ask(role, getIntrospectionQuery(FULL));
  const written = writtenDefaults(data.__schema);
  assert.equal(readDefaults(schema), written);
  return written;
}

const names = (type) => (type ? Object.keys(type.getFields()).sort() : null);

const found = {};
for (const role of ROLES) {
  const schemas = await Promise.all(FORMS.map((form) => schemaOf(role, form)));
  schemas.forEach(checkText);
  const [, schema] = schemas;
  found[role] = {
    query: names(schema.getQueryType()),
    mutation: names(schema.getMutationType()),
    subscription: names(schema.getSubscriptionType()),
    defaults: await checkDefaults(role, schema),
  };
}
console.log(JSON.stringify(found));
