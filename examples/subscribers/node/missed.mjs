// Write every missed contact of the areas a Kith subscriber was given into a file, once and in order.
//
//     node missed.mjs missed.jsonl
//
// Run it again after any stop: it goes on where the file ends. Settings are in the environment:
// KITH_BUS, KITH_SUBSCRIBER, KITH_PASSWORD_FILE and KITH_SCHEMAS (docs/subscribing.md).

import { closeSync, existsSync, fsyncSync, openSync, readFileSync, truncateSync, writeSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import Ajv2020 from "ajv/dist/2020.js";
import formats from "ajv-formats";

const STREAM = "KITH_CONTACT";
const API = { apiPrefix: "KITH.API", checkAPI: false };
const FETCH_MILLISECONDS = 5_000;
const RETRY_MILLISECONDS = 2_000;

const { KITH_BUS, KITH_SUBSCRIBER, KITH_PASSWORD_FILE, KITH_SCHEMAS } = process.env;
const user = `subscriber-${KITH_SUBSCRIBER}`;

/** The file: one line an event, each with its place; the last line says where to go on. */
class Missed {
  constructor(path) {
    const whole = existsSync(path) ? readFileSync(path) : Buffer.alloc(0);
    const end = whole.lastIndexOf("\n") + 1;
    const lines = whole.subarray(0, end).toString().split("\n");
    this.last = end ? JSON.parse(lines.at(-2)) : null;
    this.file = openSync(path, "a");
    truncateSync(path, end); // a crash in the middle of a line
  }

  has(place) {
    if (this.last === null) return false;
    const [tx, position] = inOrder(place);
    const [lastTx, lastPosition] = inOrder(this.last.place);
    return tx < lastTx || (tx === lastTx && position <= lastPosition);
  }

  write(line) {
    writeSync(this.file, `${JSON.stringify(line)}\n`);
    fsyncSync(this.file);
    this.last = line;
  }

  close() {
    closeSync(this.file);
  }
}

/** What places are compared by: the transaction, then the position in the log. */
function inOrder(place) {
  return place.split("-").map(BigInt);
}

/** Take events until the consumer is gone or made anew; throws while there is none. */
async function follow(connection, missed) {
  const manager = await jetstreamManager(connection, API);
  const made = await madeAt(manager);
  const same = missed.last?.consumer === made;
  await manager.consumers.reset(STREAM, user, same ? missed.last.sequence + 1 : 1);
  const consumer = await jetstream(connection, API).consumers.get(STREAM, user);
  for (;;) {
    const message = await consumer.next({ expires: FETCH_MILLISECONDS });
    if (message === null) {
      if ((await madeAt(manager)) !== made) return;
      continue;
    }
    take(message, made, missed);
    message.ack();
  }
}

/** When the consumer was made: a sequence of the stream means something only as long as it lives. */
async function madeAt(manager) {
  return (await manager.consumers.info(STREAM, user)).created;
}

/** Write the event, unless the file has it; ends the program where going on would be wrong. */
function take(message, made, missed) {
  const said = (name) => message.headers.get(name);
  const place = `${said("Kith-Tx")}-${said("Kith-Position")}`;
  if (missed.last !== null && missed.last.store !== said("Kith-Store")) {
    console.error("This is another log than the one the file holds: look into it, then begin a new file.");
    process.exit(1);
  }
  if (missed.has(place)) return;
  const event = message.json();
  const valid = validator(`${said("ce-type")}.v${said("Kith-Schema-Version")}.json`);
  if (!valid(event)) {
    console.error(`${said("ce-id")} does not fit its schema:`, valid.errors);
    process.exit(1);
  }
  const store = said("Kith-Store");
  missed.write({ id: said("ce-id"), event, store, place, sequence: message.seq, consumer: made });
}

const ajv = formats(new Ajv2020());
const validators = new Map();

function validator(name) {
  if (!validators.has(name)) {
    validators.set(name, ajv.compile(JSON.parse(readFileSync(join(KITH_SCHEMAS, name)))));
  }
  return validators.get(name);
}

const connection = await connect({
  servers: KITH_BUS,
  user,
  pass: readFileSync(KITH_PASSWORD_FILE, "ascii").trim(),
  inboxPrefix: `_INBOX_${user}`,
  maxReconnectAttempts: -1,
});
for (;;) {
  const missed = new Missed(process.argv[2]);
  try {
    await follow(connection, missed);
  } catch (away) {
    console.error(`waiting for the bus: ${away.message}`);
    await pause(RETRY_MILLISECONDS);
  } finally {
    missed.close();
  }
}
