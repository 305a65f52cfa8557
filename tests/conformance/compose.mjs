// SPDX-License-Identifier: Apache-2.0
// Composes our subgraph with one of somebody else, as a federation router does before it starts. Prints one JSON
// object: what is wrong, and the public SDL of the whole.
//
// Told: ours, theirs (SDL).
import { readFileSync } from 'node:fs';
import { composeServices } from '@theguild/federation-composition';
import { parse } from 'graphql';

const { ours, theirs } = JSON.parse(readFileSync(0, 'utf8'));

const result = composeServices([
  { name: 'quartier', url: 'http://quartier.test/graphql', typeDefs: parse(ours) },
  { name: 'theirs', url: 'http://theirs.test/graphql', typeDefs: parse(theirs) },
]);
console.log(JSON.stringify({ errors: (result.errors ?? []).map((error) => error.message), sdl: result.publicSdl ?? '' }));
