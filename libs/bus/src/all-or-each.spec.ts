// SPDX-License-Identifier: Apache-2.0
import { L45Error } from '@l45/contracts';
import { allOrEach } from './all-or-each.js';

/** Takes what `refusal` has nothing against. */
async function take(refusal: (item: string) => Error | undefined) {
  const calls: string[][] = [];
  const refused: [string, string][] = [];
  const work = async (items: string[]) => {
    calls.push(items);
    for (const error of items.map(refusal)) if (error) throw error;
  };
  const done = allOrEach(['a', 'bad', 'c'], work, (...one) => refused.push(one));
  const error = await done.catch((cause: unknown) => cause);
  return { calls, refused, error };
}

it('does all at once while nothing fails', async () => {
  expect(await take(() => undefined)).toEqual({
    calls: [['a', 'bad', 'c']],
    refused: [],
    error: undefined,
  });
});

it('refuses what fails alone, and nothing else', async () => {
  const bad = new Error('no number');
  expect(await take((item) => (item === 'bad' ? bad : undefined))).toEqual({
    calls: [['a', 'bad', 'c'], ['a'], ['bad'], ['c']],
    refused: [['bad', 'Error: no number']],
    error: undefined,
  });
});

it('refuses nothing while the database is away', async () => {
  const away = new L45Error('UNAVAILABLE', 'the database does not answer; try again');
  expect(await take(() => away)).toEqual({
    calls: [['a', 'bad', 'c']],
    refused: [],
    error: away,
  });
});
