// Checks for our own scripts. What is bundled or comes from npm is none of its business.

import js from "@eslint/js";
import globals from "globals";

// Text from people becomes nodes and text content, never markup.
const markupFromStrings = ["innerHTML", "outerHTML"].map((property) => ({
  selector: `AssignmentExpression[left.property.name="${property}"]`,
  message: `Build nodes and set textContent: ${property} turns text into markup.`,
}));
const markupCalls = ["insertAdjacentHTML", "setHTMLUnsafe", "write"].map((method) => ({
  selector: `CallExpression[callee.property.name="${method}"][callee.object.name!="process"]`,
  message: `Build nodes and set textContent: ${method} turns text into markup.`,
}));

export default [
  { ignores: ["static/vendor/", "static/vendor.new/"] },
  js.configs.recommended,
  {
    rules: {
      "array-callback-return": "error",
      curly: ["error", "multi-line"],
      eqeqeq: "error",
      "no-eval": "error",
      "no-implied-eval": "error",
      "no-new-func": "error",
      "no-restricted-syntax": ["error", ...markupFromStrings, ...markupCalls],
      "no-shadow": "error",
      "no-var": "error",
      "object-shorthand": "error",
      "prefer-const": "error",
      "require-await": "error",
    },
  },
  { files: ["static/js/**/*.js"], languageOptions: { globals: globals.browser } },
  { files: ["static/js/**/*worker*.js"], languageOptions: { globals: globals.worker } },
  { files: ["scripts/**/*.mjs"], languageOptions: { globals: globals.node } },
];
