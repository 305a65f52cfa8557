// SPDX-License-Identifier: Apache-2.0
// Mercurius on Fastify, with its compiler switched on from the first time an operation is seen.
import Fastify from 'fastify'
import mercurius from 'mercurius'
import { port, resolvers, schema } from './stored.mjs'

const app = Fastify()
app.register(mercurius, { schema, resolvers, jit: 1 })
await app.listen({ port, host: '127.0.0.1' })
