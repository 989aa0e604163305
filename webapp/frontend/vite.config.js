import { defineConfig } from "vite";

// The policy of webapp/security.py refuses style="…" in markup; src/modeler/inline_styles.js applies what stands here.
const WITH_INLINE_STYLES = /node_modules\/(bpmn-js|diagram-js|dmn-js|table-js)[^/]*\/(lib|dist)\/.*\.js$/;
const inlineStyles = {
  name: "inline-styles",
  transform(code, id) {
    if (WITH_INLINE_STYLES.test(id) && code.includes('style="')) {
      return { code: code.replaceAll(/(?<![\w-])style="/g, 'data-style="'), map: null };
    }
  },
};

// One entry per page that needs scripts; webapp/assets.py finds the files through the manifest.
export default defineConfig({
  base: "/static/build/",
  plugins: [inlineStyles],
  build: {
    outDir: "../static/build",
    emptyOutDir: true,
    manifest: true,
    modulePreload: { polyfill: false },
    cssCodeSplit: true,
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 900,
    rolldownOptions: {
      input: { app: "src/app.js", worklist: "src/worklist.js", modeler: "src/modeler.js" },
    },
  },
});
