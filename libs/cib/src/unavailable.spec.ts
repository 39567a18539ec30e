// SPDX-License-Identifier: Apache-2.0
import { isUnavailable } from './unavailable.js';

const failure = (code: string) => Object.assign(new Error('refused'), { code });

it.each(['ECONNREFUSED', '08006', '40P01', '53100', '57P01'])(
  'may succeed again after %s',
  (code) => expect(isUnavailable(failure(code))).toBe(true),
);

it.each(['22P02', '22P05', '22003', '23502', '42P01'])('never succeeds after %s', (code) =>
  expect(isUnavailable(failure(code))).toBe(false),
);
