// SPDX-License-Identifier: Apache-2.0
import netlink from 'netlink';
import { parseMessages } from './message.js';

/**
 * Listens to a multicast group. Neither the group nor what is heard is certain: groups go with
 * the module that offers them, and the kernel drops what a slow listener does not fetch. So every
 * sign of life, and every loss, only means: look again. Who asked for a change (the port of its
 * socket) knows of it without.
 */
export class NetlinkEvents {
  private raw?: netlink.RawNetlinkSocket;

  constructor(
    private readonly onEvent: () => void,
    private readonly isOwn: (port: number) => boolean,
  ) {}

  /** Joins the group, if it isn't joined already. */
  join(group: number): void {
    this.raw ??= this.open();
    this.raw.addMembership(group);
  }

  close(): void {
    this.raw?.close();
    this.raw = undefined;
  }

  private open(): netlink.RawNetlinkSocket {
    const raw = new netlink.RawNetlinkSocket(netlink.Protocol.GENERIC);
    raw.on('message', (bytes, sender) => {
      if (sender.port === 0 && !this.isAllOwn(bytes)) this.onEvent();
    });
    // An overrun (ENOBUFS), after which the binding has closed the socket: the next join reopens.
    raw.on('error', () => {
      this.raw = undefined;
      this.onEvent();
    });
    return raw;
  }

  private isAllOwn(bytes: Buffer): boolean {
    try {
      return parseMessages(bytes).every(({ port }) => this.isOwn(port));
    } catch {
      return false;
    }
  }
}
