const common = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': ['ts-jest', { useESM: true, tsconfig: 'tsconfig.json' }] },
  moduleNameMapper: {
    '^@l45/testbed$': '<rootDir>/test/testbed/index.ts',
    '^@l45/bus/testing$': '<rootDir>/libs/bus/src/testing/index.ts',
    '^@l45/cib/testing$': '<rootDir>/libs/cib/src/testing/index.ts',
    '^@l45/telemetry/testing$': '<rootDir>/libs/telemetry/src/testing/index.ts',
    '^@l45/([a-z]+)$': '<rootDir>/libs/$1/src/index.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  setupFiles: ['<rootDir>/test/setup.ts'],
  modulePathIgnorePatterns: ['<rootDir>/build', '<rootDir>/dist'],
};

export default {
  projects: [
    {
      ...common,
      displayName: 'unit',
      testMatch: ['<rootDir>/{apps,libs,test,kernel}/**/*.spec.ts'],
    },
    { ...common, displayName: 'e2e', testMatch: ['<rootDir>/test/**/*.e2e.ts'] },
    { ...common, displayName: 'cluster', testMatch: ['<rootDir>/test/**/*.cluster.ts'] },
  ],
};
