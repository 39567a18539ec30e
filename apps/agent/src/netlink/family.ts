// SPDX-License-Identifier: Apache-2.0
import { readU16, readU32 } from './host-order.js';
import { formatGeneric, parseGeneric } from './message.js';
import { joinAttribute, MalformedMessage, splitAttributes, textOf } from './raw-attributes.js';
import { type NetlinkSocket, Refused } from './socket.js';

const GENL_ID_CTRL = 16;
const CTRL_CMD_GETFAMILY = 3;
const ATTR_FAMILY_ID = 1;
const ATTR_FAMILY_NAME = 2;
const ATTR_MCAST_GROUPS = 7;
const ATTR_GROUP_NAME = 1;
const ATTR_GROUP_ID = 2;
const ENOENT = 2;

export interface Family {
  /** The kernel gives it out when the module is loaded. */
  id: number;
  groups: Map<string, number>;
}

/** A generic netlink family; undefined while the module that offers it is not loaded. */
export async function findFamily(socket: NetlinkSocket, name: string): Promise<Family | undefined> {
  const attribute = joinAttribute({ type: ATTR_FAMILY_NAME, payload: Buffer.from(`${name}\0`) });
  try {
    const request = formatGeneric(CTRL_CMD_GETFAMILY, 1, attribute);
    const [reply] = await socket.request(GENL_ID_CTRL, request);
    if (!reply) throw new MalformedMessage(`no reply about family ${name}`);
    return parseFamily(parseGeneric(reply).attributes);
  } catch (error) {
    if (error instanceof Refused && error.refusal.errno === ENOENT) return undefined;
    throw error;
  }
}

function parseFamily(bytes: Buffer): Family {
  const attributes = byType(bytes);
  const id = attributes.get(ATTR_FAMILY_ID);
  if (id?.length !== 2) throw new MalformedMessage('a family without its identifier');
  const groups = splitAttributes(attributes.get(ATTR_MCAST_GROUPS) ?? Buffer.alloc(0));
  return {
    id: readU16(id),
    groups: new Map(groups.map(({ payload }) => parseGroup(byType(payload)))),
  };
}

function parseGroup(attributes: Map<number, Buffer>): [string, number] {
  const name = attributes.get(ATTR_GROUP_NAME);
  const id = attributes.get(ATTR_GROUP_ID);
  if (!name || id?.length !== 4) throw new MalformedMessage('a group without name or identifier');
  return [textOf(name), readU32(id)];
}

const byType = (bytes: Buffer): Map<number, Buffer> =>
  new Map(splitAttributes(bytes).map(({ type, payload }) => [type, payload]));
