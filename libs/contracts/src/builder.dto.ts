// SPDX-License-Identifier: Apache-2.0
import {
  IsArray,
  IsInt,
  IsNotEmptyObject,
  IsObject,
  IsOptional,
  IsString,
  MaxLength,
  Min,
} from 'class-validator';
import {
  Describe,
  IsDigest,
  IsName,
  Nested,
  type Protocol,
  type Role,
  Target,
  NestedList,
} from './common.dto.js';
import { ArtifactSignature } from './signature.js';

/** customization.yaml, as kernel/customizations/customization.schema.json has it. */
export interface CustomizationManifest {
  name: string;
  version: string;
  summary: string;
  protocol: Protocol[];
  /** Ends that a deployment needs for it to make sense. */
  roles: Role[];
  /** JSON Schema (draft-07) of its parameters. */
  parameters: Record<string, unknown>;
  /** How its bytes are told from others, and how many it adds to a datagram at most. */
  wire: {
    signature: 'mark' | 'short' | 'none';
    adds: number;
    /** On a stream it marks where it begins and ends, whatever that carries. */
    framed?: boolean;
  };
  /** C files to compile. */
  source: string[];
  /** Without a file it is the customization itself, compiled for middleboxes. */
  inverse: { type: string; source?: string }[];
}

/** A customization that can be deployed. */
export interface Customization extends CustomizationManifest {
  /** SHA-256 over its source files, hex. */
  sourceDigest: string;
  /** Shipped with the product, or added by a request. */
  origin: 'catalogue' | 'added';
}

/** A built binary, stored under its digest in the object store. */
export class Artifact {
  @Describe('Kernel module: `l45` is the core, all others are customizations', 'dns_tag')
  @IsName()
  name: string;

  @Describe('SHA-256 of the bytes, hex; the name under which the object store has them')
  @IsDigest()
  digest: string;

  @Describe('Bytes')
  @IsInt()
  @Min(1)
  size: number;

  @Describe(
    'Checksum of the source that modpost put into the module, by which a host tells what is loaded',
  )
  @IsString()
  srcversion: string;

  @Describe('Without it no host loads the artifact')
  @IsOptional()
  @Nested(() => ArtifactSignature)
  signature?: ArtifactSignature;
}

export class CustomizationRef {
  @Describe('Name of a customization', 'dns_tag')
  @IsName()
  customization: string;
}

export class BuildRequest extends CustomizationRef {
  @Describe('What to build for')
  @Nested(() => Target)
  target: Target;
}

export class PreflightRequest extends CustomizationRef {
  @Describe('What it would be built for; absent: the targets of the hosts named')
  @IsOptional()
  @NestedList(() => Target)
  targets?: Target[];

  @Describe('Hosts whose targets count too; absent, like `targets`: every host', ['client'])
  @IsOptional()
  @IsArray()
  @IsName(true)
  hosts?: string[];
}

/** Whether there is a binary for a target, could be one, or cannot. */
export interface TargetPreflight {
  target: Target;
  /** Hosts asked for that run it. */
  hosts: string[];
  status: 'cached' | 'to build' | 'impossible';
  /** Modules, in load order, and whether each is there already. */
  modules: { name: string; cached: boolean }[];
  /** Why it is impossible. */
  problem?: { name: string; message: string };
}

export interface PreflightReply {
  customization: string;
  targets: TargetPreflight[];
}

export interface BuildReply {
  target: Target;
  /** In the order in which a host loads them: the core first. */
  artifacts: Artifact[];
  /** Whether nothing had to be compiled. */
  cached: boolean;
}

export class AddCustomizationRequest {
  @Describe('Text of customization.yaml')
  @IsString()
  @MaxLength(65536)
  manifest: string;

  @Describe('Source files: name → text', { 'my_tag.c': '…' })
  @IsObject()
  @IsNotEmptyObject()
  files: Record<string, string>;
}

export interface CustomizationsReply {
  customizations: Customization[];
}

export interface TargetsReply {
  /** Targets whose kernel headers are installed where the builder runs. */
  targets: Target[];
}
