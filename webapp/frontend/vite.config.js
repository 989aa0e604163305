import { defineConfig } from "vite";

// The policy of webapp/security.py refuses style="…" in markup and <style> elements. In the diagram libraries the
// attributes get another name, and src/modeler/inline_styles.js applies them; CodeMirror adopts its style sheets.
const WITH_INLINE_STYLES = /node_modules\/(bpmn-js|diagram-js|dmn-js|table-js)[^/]*\/(lib|dist)\/.*\.js$/;
const strictStyles = {
  name: "strict-styles",
  transform(code, id) {
    if (WITH_INLINE_STYLES.test(id) && code.includes('style="')) {
      return { code: code.replaceAll(/(?<![\w-])style="/g, 'data-style="'), map: null };
    }
    if (/node_modules\/style-mod\/src\/style-mod\.js$/.test(id)) {
      if (!code.includes("!root.head && root.adoptedStyleSheets")) this.error("style-mod has changed: see strictStyles");
      return { code: code.replace("!root.head && root.adoptedStyleSheets", "root.adoptedStyleSheets"), map: null };
    }
  },
};

// One entry per page that needs scripts; webapp/assets.py finds the files through the manifest.
export default defineConfig({
  base: "/static/build/",
  plugins: [strictStyles],
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
