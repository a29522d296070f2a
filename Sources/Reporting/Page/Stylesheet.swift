/// How the page looks: for a screen of any width, dark or light, and for paper.
enum Stylesheet {
  static let text = """

    :root {
      --ink: #1d2125; --soft: #5b636b; --line: #dfe3e7; --ground: #ffffff; --panel: #f5f7f9;
      --accent: #0072b2; --better: #00704f; --worse: #b24a00;
      color-scheme: light dark;
    }
    @media (prefers-color-scheme: dark) {
      :root {
        --ink: #e3e6e9; --soft: #a3abb3; --line: #363c42; --ground: #16191c; --panel: #1f2428;
        --accent: #56b4e9; --better: #35c796; --worse: #f5945c;
      }
    }
    * { box-sizing: border-box; }
    body {
      margin: 0; background: var(--ground); color: var(--ink);
      font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans",
        sans-serif;
    }
    main { max-width: 1240px; margin: 0 auto; padding: 28px 24px 64px; }
    h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 20px; letter-spacing: -0.01em; }
    h2 {
      font-size: 1.35rem; margin: 48px 0 12px; padding-top: 14px; border-top: 1px solid var(--line);
    }
    h3 { font-size: 1.05rem; margin: 30px 0 8px; }
    p, ul { max-width: 78ch; margin: 0 0 14px; }
    ul { padding-left: 1.2em; }
    li { margin: 5px 0; }
    h1, h2, h3, p, li, .words td, summary { overflow-wrap: anywhere; }
    code, pre { font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; }
    code { font-size: 0.9em; }
    pre {
      font-size: 0.8rem; line-height: 1.45; background: var(--panel); padding: 14px 16px;
      border-radius: 6px; overflow-x: auto; max-height: 70vh;
    }
    .callout {
      background: var(--panel); border-left: 5px solid var(--accent); border-radius: 6px;
      padding: 18px 24px 8px; margin: 0 0 24px;
    }
    .callout h2 { border: 0; margin: 0 0 10px; padding: 0; }
    .callout h3 { margin: 16px 0 6px; }
    .callout p, .callout ul { max-width: 96ch; }
    .better { color: var(--better); font-weight: 600; }
    .worse { color: var(--worse); font-weight: 600; }
    .same { color: var(--soft); }
    .scroll { overflow-x: auto; }
    table {
      border-collapse: collapse; margin: 0 0 22px; font-size: 0.9rem; min-width: min(100%, 44rem);
    }
    caption {
      text-align: left; font-weight: 600; padding: 0 0 8px; color: var(--ink);
    }
    th, td { padding: 6px 11px; border-bottom: 1px solid var(--line); vertical-align: top; }
    th:first-child, td:first-child { padding-left: 0; }
    thead th { color: var(--soft); font-weight: 600; border-bottom-width: 2px; }
    th { text-align: left; }
    tbody th { font-weight: 500; }
    tbody th { white-space: nowrap; }
    .numbers td, .numbers thead th:not(:first-child) {
      text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums;
    }
    .words td { max-width: 70ch; }
    .figures {
      display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 16px; margin: 14px 0 22px;
    }
    figure {
      margin: 0; background: #ffffff; border: 1px solid var(--line); border-radius: 6px;
      padding: 6px; break-inside: avoid;
    }
    /* 960 pixels beside 640: the text of all charts is of one size. */
    figure.wide { grid-column: 1 / -1; width: 75%; }
    figure svg { display: block; width: 100%; height: auto; }
    details { margin: 10px 0; }
    summary { cursor: pointer; font-weight: 600; padding: 6px 0; }
    :focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
    @media (max-width: 860px) {
      main { padding: 18px 14px 48px; }
      h1 { font-size: 1.5rem; }
      .callout { padding: 14px 14px 4px; }
      .figures { grid-template-columns: minmax(0, 1fr); }
      figure.wide { width: auto; }
      figure svg { min-width: 540px; }
      figure.wide svg { min-width: 810px; }
      th, td { padding: 6px 9px; }
    }
    @media print {
      :root { --ground: #fff; --ink: #000; --panel: #f5f7f9; --soft: #444; --line: #ccc; }
      body { font-size: 10.5pt; }
      main { max-width: none; padding: 0; }
      .scroll { overflow: visible; }
      pre { max-height: none; white-space: pre-wrap; }
      .callout, tr, figure { break-inside: avoid; }
      h2, h3 { break-after: avoid; }
    }

    """
}
