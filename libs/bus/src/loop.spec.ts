// SPDX-License-Identifier: Apache-2.0
import { Logger } from '@nestjs/common';
import { Loop } from './loop.js';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from './testing/index.js';

const later = () => new Promise((resolve) => setImmediate(resolve));

describe('a loop', () => {
  it('runs once more for whatever came during a run', async () => {
    let runs = 0;
    const loop = new Loop('test', async () => {
      if (++runs === 1) for (let i = 0; i < 3; i++) loop.trigger();
    });
    loop.trigger();
    await later();
    expect(runs).toBe(2);
  });

  it.each(Array.from({ length: 12 }, (_, ticks) => ticks))(
    'misses nothing that comes %i ticks after a trigger',
    async (ticks) => {
      let isNews = false;
      let isSeen = false;
      const loop = new Loop('test', async () => void (isSeen = isNews));
      loop.trigger();
      for (let i = 0; i < ticks; i++) await Promise.resolve();
      isNews = true;
      loop.trigger();
      await later();
      expect(isSeen).toBe(true);
    },
  );

  it('tries again what failed, and says so once', async () => {
    const warn = jest.spyOn(Logger.prototype, 'warn').mockReturnValue();
    const log = jest.spyOn(Logger.prototype, 'log').mockReturnValue();
    let failures = 2;
    const loop = new Loop('test', async () => {
      if (failures-- > 0) throw new Error('no luck');
    });
    loop.trigger();
    await eventually(() => expect(failures).toBe(-1));
    await loop.stop();
    expect(warn.mock.calls).toEqual([['will try again: no luck']]);
    expect(log.mock.calls).toEqual([['works again']]);
    jest.restoreAllMocks();
  });

  it('takes what comes in a row together, if it may rest', async () => {
    let runs = 0;
    const loop = new Loop('test', async () => void (await delay(20), runs++), 1_000);
    loop.trigger();
    await eventually(() => expect(runs).toBe(1));
    for (let i = 0; i < 5; i++) loop.trigger();
    await later();
    expect(runs).toBe(1);
    await eventually(() => expect(runs).toBe(2));
    await loop.stop();
    expect(runs).toBe(2);
  });

  it('runs no more once it is stopped', async () => {
    const work = jest.fn(async () => undefined);
    const loop = new Loop('test', work);
    await loop.stop();
    loop.trigger();
    await later();
    expect(work).not.toHaveBeenCalled();
  });
});
