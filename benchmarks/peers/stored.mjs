// SPDX-License-Identifier: Apache-2.0
// The stored conferences and how they are found: node <program> <folder of the peers> <stored JSON> <port>.
import { readFileSync } from 'node:fs'

const [folder, stored] = process.argv.slice(2)

export const port = Number(process.argv[4])
export const schema = readFileSync(`${folder}/schema.graphql`, 'utf8')

const conferences = JSON.parse(readFileSync(stored, 'utf8'))
const byId = new Map(conferences.map((conference) => [conference.id, conference]))

export const resolvers = {
  Query: {
    conferences: (_, { first }) => ({ nodes: conferences.slice(0, first ?? 50) }),
    conference: (_, { id }) => byId.get(id),
  },
}
