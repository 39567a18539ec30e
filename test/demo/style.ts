// SPDX-License-Identifier: Apache-2.0
import { styleText } from 'node:util';

type Format = Parameters<typeof styleText>[0];

/** Colours are for people: a file gets none. */
const style =
  (format: Format) =>
  (text: string): string =>
    process.stdout.hasColors?.() ? styleText(format, text) : text;

export const heading = style(['bold', 'cyan']);
export const prompt = style('green');
export const aside = style('dim');
export const emphasise = style(['bold', 'yellow']);
