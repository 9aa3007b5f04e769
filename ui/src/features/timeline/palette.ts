import type { Palette } from '@/timeline/painter';

/** The theme's colors as a canvas takes them: custom properties are resolved by the browser on an element. */
export function readPalette(element: HTMLElement): Palette {
  const probe = document.createElement('span');
  element.append(probe);
  const color = (name: string) => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const palette: Palette = {
    stages: Array.from({ length: 10 }, (_, index) => color(`stage-${index}`)),
    failed: color('bad'),
    text: color('text'),
    onStage: color('on-stage'),
    muted: color('text-muted'),
    grid: color('line'),
    surface: color('surface'),
    selection: color('text'),
  };
  probe.remove();
  return palette;
}
