// SPDX-License-Identifier: Apache-2.0
// Runs every audit of graphql-http's suite against {url} and prints one JSON object for each.
import { readFileSync } from 'node:fs';
import { serverAudits } from 'graphql-http';

const { url } = JSON.parse(readFileSync(0, 'utf8'));

for (const audit of serverAudits({ url, fetchFn: fetch })) {
  const result = await audit.fn();
  console.log(JSON.stringify({ id: audit.id, name: audit.name, status: result.status, reason: result.reason }));
}
