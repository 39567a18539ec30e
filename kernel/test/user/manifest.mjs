// SPDX-License-Identifier: GPL-2.0-only
//
// manifest.mjs <folder of .so and l45-run>: every customization.yaml follows the schema and
// agrees with what the compiled customization says of itself. TAP, like the other tests.

import { Ajv } from 'ajv';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { parse } from 'yaml';

const out = process.argv[2];
const folder = new URL('../../customizations/', import.meta.url);
const read = (path) => readFileSync(new URL(path, folder), 'utf8');
const validate = new Ajv({ allErrors: true }).compile(
  JSON.parse(read('customization.schema.json')),
);

const say = (line) => process.stdout.write(`${line}\n`);

let run = 0;
let failed = 0;
function ok(passed, name, why) {
  say(`${passed ? '' : 'not '}ok ${++run} - ${name}`);
  if (passed) return;
  failed++;
  say(`# ${JSON.stringify(why)}`);
}

// A parameter as the kernel has it: room for the longest text and its NUL, or just the bytes.
function fits(schema, param) {
  if (schema.type !== 'string') return param.type === 'uint';
  if (schema.contentEncoding)
    return param.type === 'binary' && new RegExp(schema.pattern).test('1f'.repeat(param.size));
  const longest = schema.maxLength ?? Math.max(...schema.enum.map((choice) => choice.length));
  return param.type === 'string' && param.size > longest;
}

const names = readdirSync(folder).filter((name) =>
  existsSync(new URL(`${name}/customization.yaml`, folder)),
);
for (const name of names) {
  const manifest = parse(read(`${name}/customization.yaml`));
  ok(validate(manifest), `${name}: follows the schema`, validate.errors);

  const { params, ...compiled } = JSON.parse(execFileSync(`${out}/l45-run`, [`${out}/${name}.so`]));
  const told = {
    name: manifest.name,
    version: manifest.version,
    udp: manifest.protocol.includes('udp'),
    tcp: manifest.protocol.includes('tcp'),
    adds: manifest.wire.adds,
    framed: !!manifest.wire.framed,
  };
  ok(manifest.name === name && isDeepStrictEqual(compiled, told), `${name}: is what it says`, {
    compiled,
    told,
  });

  const schemas = Object.entries(manifest.parameters.properties);
  ok(
    schemas.length === Object.keys(params).length &&
      schemas.every(([key, schema]) => params[key] && fits(schema, params[key])),
    `${name}: has the parameters it says`,
    params,
  );
  ok(
    new Ajv({ useDefaults: true }).compile({ ...manifest.parameters, required: [] })({}),
    `${name}: has valid defaults`,
  );
  const files = [...manifest.source, ...manifest.inverse.flatMap(({ source }) => source ?? []), 'README.md'];
  const missing = files.filter((file) => !existsSync(new URL(`${name}/${file}`, folder)));
  ok(!missing.length, `${name}: has its files`, missing);
}

say(`1..${run}`);
say(`manifest: ${run && !failed ? 'pass' : 'fail'}`);
process.exitCode = run && !failed ? 0 : 1;
