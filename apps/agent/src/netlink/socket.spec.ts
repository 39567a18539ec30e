// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import { findFamily } from './family.js';
import { formatGeneric, parseGeneric, parseMessages } from './message.js';
import { joinAttribute, MalformedMessage } from './raw-attributes.js';
import { NetlinkSocket, Refused } from './socket.js';

// The controller of generic netlink is in every kernel and needs no privileges.
const CONTROLLER = 16;
const GET_FAMILY = 3;

describe('netlink socket, against the running kernel', () => {
  let socket: NetlinkSocket;

  beforeEach(() => {
    socket = new NetlinkSocket();
  });
  afterEach(() => socket.close());

  it('finds a family and its multicast groups', async () => {
    const family = await findFamily(socket, 'nlctrl');
    expect(family?.id).toBe(CONTROLLER);
    expect(family?.groups.get('notify')).toEqual(expect.any(Number));
  });

  it('knows of no family that is not there', async () => {
    expect(await findFamily(socket, 'l45-nonesuch')).toBeUndefined();
  });

  it('dumps several entries', async () => {
    const replies = await socket.dump(CONTROLLER, formatGeneric(GET_FAMILY, 1, Buffer.alloc(0)));
    expect(replies.length).toBeGreaterThan(1);
    expect(replies.map((reply) => parseGeneric(reply).command)).toContain(1);
  });

  it("rejects with errno and the kernel's words", async () => {
    const tooShort = joinAttribute({ type: 1, payload: Buffer.from([1]) });
    const refused = socket.request(CONTROLLER, formatGeneric(GET_FAMILY, 1, tooShort));
    await expect(refused).rejects.toMatchObject({
      refusal: { errno: 34, message: 'Attribute failed policy validation' },
    });
    await expect(refused).rejects.toBeInstanceOf(Refused);
  });

  it('serves many callers at once, each its own answer', async () => {
    const names = Array.from({ length: 50 }, (_, i) => (i % 2 ? 'nlctrl' : 'nonesuch'));
    const families = await Promise.all(names.map((name) => findFamily(socket, name)));
    expect(families.map((family) => family?.id)).toEqual(
      names.map((name) => (name === 'nlctrl' ? CONTROLLER : undefined)),
    );
  });

  it('works again after it was closed', async () => {
    await findFamily(socket, 'nlctrl');
    socket.close();
    expect((await findFamily(socket, 'nlctrl'))?.id).toBe(CONTROLLER);
  });
});

describe('messages of a kernel that is not to be trusted', () => {
  it.each([
    ['a header cut short', Buffer.alloc(15)],
    ['a length of nothing', Buffer.alloc(16)],
    ['a length beyond the end', Buffer.from([17, ...Buffer.alloc(15)])],
  ])('refuses %s', (_, bytes) => {
    expect(() => parseMessages(bytes)).toThrow(MalformedMessage);
  });

  it('survives any error or end message', () => {
    const surprises = Array.from({ length: 2_000 }, (_, round) => {
      const bytes = randomBytes(16 + (round % 64));
      bytes.writeUInt32LE(bytes.length, 0);
      bytes.writeUInt16LE(2 + (round % 2), 4);
      try {
        return parseMessages(bytes) && undefined;
      } catch (error) {
        return error instanceof MalformedMessage ? undefined : error;
      }
    });
    expect(surprises.filter((surprise) => surprise !== undefined)).toEqual([]);
  });
});
