// SPDX-License-Identifier: Apache-2.0
import { applyDecorators } from '@nestjs/common';
import { ArrayMaxSize, ArrayMinSize, IsObject, IsOptional, Matches } from 'class-validator';
import { Describe, IsName, NestedList } from './common.dto.js';

/** One customization of a chain. */
export class ChainLink {
  @Describe('Name of a customization', 'dns_tag')
  @IsName()
  customization: string;

  @Describe("Parameters, as the customization's schema has them")
  @IsOptional()
  @IsObject()
  params?: Record<string, unknown>;
}

/** What a host gets of one link: all parameters. */
export class DesiredLink {
  @IsName()
  customization: string;

  @IsObject()
  params: Record<string, unknown>;
}

/** Customizations that work as one, the application's end first. */
export const IsChain = (link: () => new () => object = () => ChainLink): PropertyDecorator =>
  applyDecorators(NestedList(link), ArrayMinSize(2), ArrayMaxSize(4));

const SEPARATOR = '+';
const CUSTOMIZATION = /^[a-z0-9_-]{1,63}(\+[a-z0-9_-]{1,63}){0,3}$/;

/** Name of a customization, or of a chain. */
export const IsCustomization = (): PropertyDecorator =>
  applyDecorators(
    Describe('Name of a customization; of a chain, those of its links joined by +', 'dns_tag'),
    Matches(CUSTOMIZATION, { message: `$property must match ${CUSTOMIZATION.source}` }),
  );

/** What a chain is called wherever a customization's name is asked for. */
export const chainName = (links: { customization: string }[]): string =>
  links.map(({ customization }) => customization).join(SEPARATOR);

/** Names of the links of a chain, or of the one customization that it is. */
export const linkNames = (customization: string): string[] => customization.split(SEPARATOR);
