// SPDX-License-Identifier: Apache-2.0
import type { TestService } from '@l45/bus/testing';
import { ENDPOINTS } from '@l45/contracts';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Laboratory } from '../testing/laboratory.js';
import { tiny } from '../testing/tiny.js';

const { add, customizations, describe: describeOne } = ENDPOINTS.builder;

let laboratory: Laboratory;
let builder: TestService;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'l45-catalogue-'));
  for (const name of ['dns_tag', 'null'])
    await cp(`kernel/customizations/${name}`, join(folder, name), { recursive: true });
  laboratory = await Laboratory.open();
  builder = await laboratory.builder({ L45_CUSTOMIZATIONS: folder });
}, 60_000);

afterAll(async () => {
  await laboratory.close();
  await rm(folder, { recursive: true });
});

describe('a shipped customization', () => {
  it('is described with the schema of its parameters', async () => {
    const described = await builder.client.request(describeOne, { customization: 'dns_tag' });
    expect(described).toMatchObject({
      name: 'dns_tag',
      origin: 'catalogue',
      protocol: ['udp', 'tcp'],
      parameters: { properties: { position: { enum: ['front', 'middle', 'end'] } } },
    });
    expect(described.sourceDigest).toMatch(/^[0-9a-f]{64}$/);
  });

  it('that does not exist is named', async () => {
    await expect(
      builder.client.request(describeOne, { customization: 'nothing' }),
    ).rejects.toMatchObject({
      name: 'UNKNOWN_CUSTOMIZATION',
      message: expect.stringContaining('nothing'),
    });
  });

  it('that is broken says where, and leaves the others in the list', async () => {
    await cp(join(folder, 'null'), join(folder, 'broken'), { recursive: true });
    await writeFile(join(folder, 'broken/customization.yaml'), 'name: [\n');
    await expect(
      builder.client.request(describeOne, { customization: 'broken' }),
    ).rejects.toMatchObject({
      name: 'VALIDATION',
      details: [expect.objectContaining({ file: 'customization.yaml', line: 2 })],
    });
    const listed = await builder.client.request(customizations, {});
    expect(listed.customizations.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['dns_tag', 'null']),
    );
    expect(listed.customizations.map(({ name }) => name)).not.toContain('broken');
  });

  it('in a folder of another name is refused', async () => {
    await cp(join(folder, 'null'), join(folder, 'other'), { recursive: true });
    await expect(
      builder.client.request(describeOne, { customization: 'other' }),
    ).rejects.toMatchObject({ name: 'VALIDATION', message: expect.stringContaining('null') });
  });

  it('keeps its name', async () => {
    await expect(builder.client.request(add, tiny('dns_tag'))).rejects.toMatchObject({
      name: 'NAME_TAKEN',
      code: 409,
    });
  });
});

describe('adding a customization', () => {
  it('makes it known', async () => {
    const added = await builder.client.request(add, tiny('added'));
    expect(added).toMatchObject({ name: 'added', origin: 'added' });
    await expect(builder.client.request(describeOne, { customization: 'added' })).resolves.toEqual(
      added,
    );
    const listed = await builder.client.request(customizations, {});
    expect(listed.customizations).toContainEqual(added);
  });

  it('again changes nothing', async () => {
    const first = await builder.client.request(add, tiny('twice'));
    await expect(builder.client.request(add, tiny('twice'))).resolves.toEqual(first);
  });

  it('with other content under its name is refused', async () => {
    await builder.client.request(add, tiny('mine'));
    await expect(builder.client.request(add, tiny('mine', '(void)state;'))).rejects.toMatchObject({
      name: 'NAME_TAKEN',
    });
    const { manifest, files } = tiny('mine');
    const newer = manifest.replace('1.0.0', '1.0.1');
    await expect(builder.client.request(add, { manifest: newer, files })).rejects.toMatchObject({
      name: 'NAME_TAKEN',
    });
  });

  it('twice at once with different contents lets one of them have the name', async () => {
    const outcomes = await Promise.allSettled(
      ['', '(void)flow;', '(void)step;'].map((line) =>
        builder.client.request(add, tiny('race', line)),
      ),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it.each([
    '../evil.c',
    '/etc/evil.c',
    'sub/evil.c',
    '-Wevil.c',
    '.evil.c',
    'Makefile',
    'evil.sh',
    'evil.mod.c',
    'evil\n.c',
    'evil $(id).c',
  ])('with a file named %j is refused', async (name) => {
    const { manifest, files } = tiny('named');
    const request = { manifest, files: Object.fromEntries([...Object.entries(files), [name, '']]) };
    await expect(builder.client.request(add, request)).rejects.toMatchObject({
      name: 'VALIDATION',
      details: [expect.objectContaining({ field: `files.${name}`, rule: 'matches' })],
    });
  });

  it('without the source that its manifest names is refused', async () => {
    const { manifest } = tiny('absent');
    await expect(
      builder.client.request(add, { manifest, files: { 'other.c': '' } }),
    ).rejects.toMatchObject({
      name: 'VALIDATION',
      details: [
        expect.objectContaining({ field: 'source', message: expect.stringContaining('absent.c') }),
      ],
    });
  });

  it('whose file is no text is refused', async () => {
    const request = { manifest: tiny('number').manifest, files: { 'number.c': 1 } };
    await expect(builder.client.request(add, request as never)).rejects.toMatchObject({
      details: [expect.objectContaining({ rule: 'isString' })],
    });
  });

  it('under the name of the core is refused', async () => {
    await expect(builder.client.request(add, tiny('l45'))).rejects.toMatchObject({
      name: 'NAME_TAKEN',
    });
  });
});
