// SPDX-License-Identifier: Apache-2.0
// Compares two versions of the schema with graphql-inspector. Prints one JSON object for each change.
//
// Told: before, after (paths of SDL files).
import { readFileSync } from 'node:fs';
import { diff } from '@graphql-inspector/core';
import { buildSchema } from 'graphql';

const { before, after } = JSON.parse(readFileSync(0, 'utf8'));
const schema = (path) => buildSchema(readFileSync(path, 'utf8'));

for (const change of await diff(schema(before), schema(after))) {
  console.log(JSON.stringify({ level: change.criticality.level, path: change.path ?? '', message: change.message }));
}
