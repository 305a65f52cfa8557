// SPDX-License-Identifier: Apache-2.0
// The reference server of graphql-transport-ws (npm graphql-ws with ws): one change for everybody who listens.
//   node graphql_ws.mjs <port>
// A GET of /change lets every subscriber be told; it is answered when all were handed their event.
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';
import { useServer } from 'graphql-ws/use/ws';
import { buildSchema } from 'graphql';

const schema = buildSchema(`
  type LocalText { de: String! en: String! }
  type Phase { key: String! kind: String! title: LocalText! minutes: Int! }
  type Session { id: ID! status: String! phase: Int run: Int! startedAt: String deadline: String announcement: String phases: [Phase!]! }
  type ConferenceSnapshot { cursor: String! serverTime: String! session: Session }
  type SessionChanged { cursor: String! serverTime: String! session: Session }
  union ConferenceChange = ConferenceSnapshot | SessionChanged
  type Query { hello: String }
  type Subscription { conferenceChanges(conferenceId: ID!, after: String): ConferenceChange! }
`);

const phases = [0, 1, 2, 3, 4].map((number) => ({
  key: `phase-${number}`, kind: 'PLENARY', title: { de: 'Ankommen', en: 'Arriving' }, minutes: 15,
}));
let run = 0;
const said = (__typename) => ({
  __typename, cursor: 'x'.repeat(64), serverTime: new Date().toISOString(),
  session: {
    id: 'U2Vzc2lvbjowMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMQ==', status: 'RUNNING', phase: run % 5, run,
    startedAt: '2026-11-07T18:00:00+00:00', deadline: '2026-11-07T18:00:00+00:00', announcement: null, phases,
  },
});

const waiting = new Set();
async function* changes() {
  yield { conferenceChanges: said('ConferenceSnapshot') };
  for (;;) {
    yield { conferenceChanges: await new Promise((resolve) => waiting.add(resolve)) };
  }
}

const server = createServer((_, response) => {
  run += 1;
  const change = said('SessionChanged');
  const listeners = [...waiting];
  waiting.clear();
  for (const tell of listeners) tell(change);
  response.end(`${listeners.length}\n`);
});
useServer(
  { schema, roots: { subscription: { conferenceChanges: changes } } },
  new WebSocketServer({ server, path: '/graphql' }),
);
server.listen(Number(process.argv[2]), '127.0.0.1');
