// SPDX-License-Identifier: Apache-2.0
import { diagnostics } from './diagnostics.js';

const folder = '/tmp/l45-build-x';
const build = `${folder}/out/build/tag`;
const folders = [`${build}/src`, build, folder];

it.each([
  [
    `${build}/src/tag.c:7:3: error: expected ‘;’ before ‘}’ token`,
    { file: 'tag.c', line: 7, column: 3, message: 'expected ‘;’ before ‘}’ token' },
  ],
  [
    `${build}/src/tag.c:1:10: fatal error: gone.h: No such file or directory`,
    { file: 'tag.c', line: 1, column: 10, message: 'gone.h: No such file or directory' },
  ],
  [
    `${build}/sdk/l45/wire.h:5: error: unterminated #if`,
    { file: 'sdk/l45/wire.h', line: 5, message: 'unterminated #if' },
  ],
  [
    `ERROR: modpost: "missing" [${build}/tag.ko] undefined!`,
    { message: '"missing" [tag.ko] undefined!' },
  ],
])('%s is a finding', (line, expected) => {
  expect(diagnostics(`make[1]: noise\n${line}\nmake: *** Error 2\n`, folders)).toEqual([expected]);
});

it('warnings and notes are none', () => {
  const output = 'tag.c:1:1: warning: odd\ntag.c:2:1: note: here\n';
  expect(diagnostics(output, folders)).toEqual([]);
});
