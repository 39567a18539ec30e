// SPDX-License-Identifier: Apache-2.0
// Jest does not define its global in ES modules.
import 'reflect-metadata';

(globalThis as { jest?: unknown }).jest = import.meta.jest;
