// Emmett's PostgreSQL store at work, with its defaults but for the pool: `node side.mjs DSN WORK WORKERS EVENTS SECONDS`.
import { randomUUID } from 'node:crypto';
import { CommandHandler } from '@event-driven-io/emmett';
import {
  getPostgreSQLEventStore,
  postgreSQLEventStoreConsumer,
  postgreSQLRawBatchSQLProjection,
  readMessagesBatch,
  rebuildPostgreSQLProjections,
} from '@event-driven-io/emmett-postgresql';
import { dumbo, SQL } from '@event-driven-io/dumbo';
import pg from 'pg';

const [dsn, work, workersText, eventsText, secondsText] = process.argv.slice(2);
const workers = Number(workersText), events = Number(eventsText), seconds = Number(secondsText);
const STREAM_EVENTS = 20, STREAMS = 50, PROJECTED = 10_000, PAGE = 500;
const visit = () => ({
  type: 'VisitLogged',
  data: {
    area: '431299100001', on: '2026-03-01', recorded_on: '2026-03-02',
    visit_id: '00000000-0000-4000-8000-000000000001', child_id: '00000000-0000-4000-8000-000000000002',
    kind: 'guardian_talk', reached: true, entered_on: '2026-03-02', in_file: true, carer_id: null,
  },
});
const some = (count) => Array.from({ length: count }, visit);

const pool = dumbo({ connectionString: dsn });
// As many connections as both others have: a worker each, where the pool's default is ten.
const connections = new pg.Pool({ connectionString: dsn, max: workers + 1 });
const store = getPostgreSQLEventStore(dsn, { connectionOptions: { pool: connections } });
await store.schema.migrate();

const timed = async (make) => {
  const begun = performance.now(), deadline = begun + seconds * 1000;
  let count = 0;
  await Promise.all(Array.from({ length: workers }, async () => {
    const act = make();
    while (performance.now() < deadline) { await act(); count += 1; }
  }));
  return count / ((performance.now() - begun) / 1000);
};
const fill = async (streams) => {
  const made = Array.from({ length: streams }, () => `visits-${randomUUID()}`);
  for (const stream of made) await store.appendToStream(stream, some(STREAM_EVENTS));
  return made;
};
const counting = (whenDone) => {
  let seen = 0;
  return postgreSQLRawBatchSQLProjection({
    name: `counting_${Date.now()}`,
    canHandle: ['VisitLogged'],
    init: () => SQL`CREATE TABLE IF NOT EXISTS counts (key text PRIMARY KEY, n bigint NOT NULL)`,
    evolve: (batch) => {
      seen += batch.length;
      if (seen >= PROJECTED) setImmediate(whenDone);
      const sums = new Map();
      for (const one of batch) {
        const key = one.metadata.streamName;
        sums.set(key, (sums.get(key) ?? 0) + 1);
      }
      return [...sums].map(([key, n]) => SQL`INSERT INTO counts VALUES (${key}, ${n})
        ON CONFLICT (key) DO UPDATE SET n = counts.n + excluded.n`);
    },
  });
};
const consumed = async (make) => {
  await fill(PROJECTED / STREAM_EVENTS);
  let told;
  const done = new Promise((resolve) => { told = resolve; });
  const consumer = make(counting(told));
  const begun = performance.now();
  const running = consumer.start();
  await Promise.race([done, running]);
  const rate = PROJECTED / ((performance.now() - begun) / 1000);
  await consumer.close();
  return rate;
};

const works = {
  append: async () => events * await timed(() => () =>
    store.appendToStream(`visits-${randomUUID()}`, some(events), { expectedStreamVersion: 'STREAM_DOES_NOT_EXIST' })),
  command: () => {
    const handle = CommandHandler({ evolve: (state) => ({ n: state.n + 1 }), initialState: () => ({ n: 0 }) });
    return timed(() => {
      let stream = `visits-${randomUUID()}`, length = 0;
      return async () => {
        if (length === STREAM_EVENTS) { stream = `visits-${randomUUID()}`; length = 0; }
        await handle(store, stream, () => [visit()]);
        length += 1;
      };
    });
  },
  read: async () => {
    const streams = await fill(STREAMS);
    let turn = 0;
    return timed(() => () => store.readStream(streams[turn++ % STREAMS]));
  },
  project: () => consumed((projection) => {
    const consumer = postgreSQLEventStoreConsumer({ connectionString: dsn });
    consumer.projector({ projection });
    return consumer;
  }),
  rebuild: () => consumed((projection) => rebuildPostgreSQLProjections({ connectionString: dsn, projection })),
  lose: async () => {
    const seen = new Set();
    let over = false;
    const tail = (async () => {
      let after = 0n;
      for (;;) {
        const last = over;
        const page = await readMessagesBatch(pool.execute, { after, batchSize: PAGE });
        for (const one of page.messages) seen.add(one.metadata.streamName);
        if (page.messages.length) after = page.currentGlobalPosition;
        else if (last) return;
      }
    })();
    await timed(() => () => store.appendToStream(`visits-${randomUUID()}`, some(1)));
    over = true;
    await tail;
    const { rows } = await pool.execute.query(SQL`SELECT count(*)::int AS written FROM emt_messages`);
    return rows[0].written - seen.size;
  },
};
console.log(JSON.stringify(await works[work]()));
process.exit(0);
