// SPDX-License-Identifier: Apache-2.0
import { L45Error } from '@l45/contracts';
import { readFileSync } from 'node:fs';
import { ManifestParser } from './manifest.js';

const folder = 'kernel/customizations';
const parser = await ManifestParser.fromSchemaOf('kernel');
const good = readFileSync(`${folder}/dns_tag/customization.yaml`, 'utf8');

const refusal = (text: string): L45Error => {
  try {
    parser.parse(text);
  } catch (error) {
    if (error instanceof L45Error) return error;
    throw error;
  }
  throw new Error('was accepted');
};

describe('a manifest', () => {
  it('is read', () => {
    expect(parser.parse(good)).toMatchObject({ name: 'dns_tag', source: ['dns_tag.c'] });
  });

  it('that is not YAML is refused with line and column', () => {
    expect(refusal('name: [unclosed\nversion: 1')).toMatchObject({
      name: 'VALIDATION',
      details: expect.arrayContaining([
        expect.objectContaining({ file: 'customization.yaml', line: 2, column: 1 }),
      ]),
    });
  });

  it('that breaks the schema is refused with every field and rule', () => {
    const text = good.replace('version: 1.0.0', 'version: 1').replace('summary:', 'sumary:');
    expect(refusal(text).details).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ field: 'version', rule: 'type' }),
        expect.objectContaining({ field: 'summary', rule: 'required' }),
        expect.objectContaining({ field: 'sumary', rule: 'additionalProperties' }),
      ]),
    );
  });

  it('whose schema of parameters has a broken pattern is refused', () => {
    const text = good.replace("'^[ -~]*$'", "'^['");
    expect(refusal(text).details).toEqual([expect.objectContaining({ field: 'parameters' })]);
  });

  it('may not send the control plane to another document', () => {
    const text = good.replace("pattern: '^[ -~]*$'", '$ref: https://elsewhere/schema.json');
    expect(refusal(text)).toMatchObject({ name: 'VALIDATION' });
  });

  it.each([
    [
      'a bomb of aliases',
      [
        'a: &a [x,x,x,x,x,x,x,x,x]',
        ...[...'bcdefghij'].map(
          (name, index) => `${name}: &${name} [${`*${'abcdefghij'[index]},`.repeat(9)}]`,
        ),
      ].join('\n'),
    ],
    ['nested too deeply', '['.repeat(60_000)],
    ['nested too deeply in mappings', '{a: '.repeat(15_000)],
    ['a list', '- 1'],
    ['nothing', ''],
    ['two documents', `${good}\n---\n${good}`],
    ['a key twice', `${good}\nname: other`],
    ['a key that is not text', `${good}\n? [a]\n: b`],
    ['a prototype', `${good}\n__proto__: { polluted: true }`],
    ['a NUL', `${good}\n\0`],
  ])('that is hostile or odd (%s) is refused', (_, text) => {
    expect(refusal(text)).toMatchObject({ name: 'VALIDATION', code: 400 });
    expect({}).not.toHaveProperty('polluted');
  });
});
