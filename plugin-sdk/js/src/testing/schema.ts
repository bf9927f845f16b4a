// Payloads against their schemas, as far as `t` makes schemas. In a book the host does this.

import { stringify, type Json } from '../json.js';
import type { Schema } from '../types.js';

/** What is wrong with a payload; null: nothing. */
export function violation(schema: Schema, json: Json, path: string): string | null {
  const { anyOf, type } = schema;
  if (Array.isArray(anyOf)) {
    return anyOf.some((each) => violation(each as Schema, json, path) === null) ? null : `${path} is ${stringify(json)}, which fits no case of the schema`;
  }
  if (type !== undefined && !(Array.isArray(type) ? type : [type]).some((each) => isType(each as string, json))) {
    return `${path} is ${stringify(json)}, and the schema wants ${stringify(type)}`;
  }
  if (Array.isArray(schema['enum']) && !schema['enum'].includes(json)) return `${path} is ${stringify(json)}, and the schema wants one of ${stringify(schema['enum'])}`;
  if (typeof json === 'number' || typeof json === 'bigint') {
    const { minimum, maximum } = schema;
    if ((typeof minimum === 'number' || typeof minimum === 'bigint') && json < minimum) return `${path} is ${json}, below the minimum ${minimum}`;
    if ((typeof maximum === 'number' || typeof maximum === 'bigint') && json > maximum) return `${path} is ${json}, above the maximum ${maximum}`;
  }
  if (typeof json === 'string') {
    const { minLength, maxLength, pattern } = schema;
    const length = [...json].length;
    if (typeof minLength === 'number' && length < minLength) return `${path} has ${length} characters, below the minimum ${minLength}`;
    if (typeof maxLength === 'number' && length > maxLength) return `${path} has ${length} characters, above the maximum ${maxLength}`;
    if (typeof pattern === 'string' && !new RegExp(pattern, 'u').test(json)) return `${path} is ${stringify(json)}, which does not match ${pattern}`;
  }
  if (Array.isArray(json)) {
    const { items } = schema;
    return items === undefined ? null : first(json.map((each, at) => violation(items as Schema, each, `${path}[${at}]`)));
  }
  if (typeof json === 'object' && json !== null) {
    const properties = (schema['properties'] ?? {}) as Record<string, Schema>;
    const missing = ((schema['required'] ?? []) as string[]).find((name) => !Object.hasOwn(json, name));
    if (missing !== undefined) return `${path}.${missing} is missing`;
    return first(
      Object.entries(json).map(([name, member]) => {
        if (Object.hasOwn(properties, name)) return violation(properties[name]!, member, `${path}.${name}`);
        return schema['additionalProperties'] === false ? `${path}.${name}: the schema has no such member` : null;
      }),
    );
  }
  return null;
}

function first(words: (string | null)[]): string | null {
  return words.find((each) => each !== null) ?? null;
}

function isType(type: string, json: Json): boolean {
  switch (type) {
    case 'null':
      return json === null;
    case 'integer':
      return typeof json === 'bigint' || (typeof json === 'number' && Number.isInteger(json));
    case 'number':
      return typeof json === 'bigint' || typeof json === 'number';
    case 'array':
      return Array.isArray(json);
    case 'object':
      return typeof json === 'object' && json !== null && !Array.isArray(json);
    default:
      return typeof json === type;
  }
}
