import js from '@eslint/js';
import jsxA11y from 'eslint-plugin-jsx-a11y';
import reactHooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';

/** From the outermost layer to the innermost: a layer imports from itself and from those after it. */
const layers = ['views', 'components', 'hooks', 'store', 'services', 'protocol'];

/** Layers that know nothing of React, so that they run and are tested without a page. */
const withoutReact = ['store', 'services', 'protocol'];

const arrows = layers.map((layer, index) => {
  const patterns = [];
  const outer = layers.slice(0, index);
  if (outer.length > 0) {
    patterns.push({
      group: outer.map((name) => `**/${name}/*`),
      message: `${layer} must not import from ${outer.join(', ')}.`,
    });
  }
  if (withoutReact.includes(layer)) {
    patterns.push({
      group: ['react', 'react/*', 'react-dom', 'react-dom/*', 'zustand/react', 'zustand/react/*'],
      message: `${layer} must not import React.`,
    });
  }
  return {
    files: [`src/${layer}/**/*.{ts,tsx}`],
    rules: { 'no-restricted-imports': ['error', { patterns }] },
  };
});

export default tseslint.config(
  { ignores: ['node_modules/**', 'eslint.config.js'] },
  js.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  ...tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
    },
  },
  {
    files: ['src/**/*.tsx', 'src/hooks/**/*.ts'],
    plugins: { 'react-hooks': reactHooks, 'jsx-a11y': jsxA11y },
    rules: { ...reactHooks.configs.recommended.rules, ...jsxA11y.flatConfigs.strict.rules },
  },
  // The store's hook lives beside React; only `zustand` itself is used below it.
  ...arrows,
);
