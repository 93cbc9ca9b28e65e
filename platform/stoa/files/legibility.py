"""Could a person read this page? Blur, light and contrast, measured without any learned model."""

from typing import Final

from PIL import Image, ImageChops, ImageFilter, ImageStat

from stoa.files.prepared import Legibility, Verdict

MEASURED_SIDE: Final = 1000
SHORTEST_SIDE: Final = 400
MOST_BLUR: Final = 48
DARKEST: Final = 45
BRIGHTEST: Final = 250
LEAST_CONTRAST: Final = 4
LEAST_LIT_CONTRAST: Final = 14
_ACROSS: Final = 4  # radius of the second blurring, in points of the measured picture


def measure(page: Image.Image) -> Legibility:
    """Measure a page; the same picture gives the same figures."""
    grey = page.convert("L")
    small = min(grey.size) < SHORTEST_SIDE
    grey.thumbnail((MEASURED_SIDE, MEASURED_SIDE))
    light = ImageStat.Stat(grey)
    brightness, contrast = round(light.mean[0]), round(light.stddev[0])
    blur = _blur(grey)
    return Legibility(_verdict(blur, brightness, contrast, small), blur, brightness, contrast)


def _verdict(blur: int, brightness: int, contrast: int, small: bool) -> Verdict:
    if contrast < LEAST_LIT_CONTRAST and brightness < DARKEST:
        return Verdict.DARK
    if contrast < LEAST_CONTRAST:
        return Verdict.BLANK
    if small:
        return Verdict.SMALL
    if contrast < LEAST_LIT_CONTRAST and brightness > BRIGHTEST:
        return Verdict.BRIGHT
    return Verdict.BLURRED if blur > MOST_BLUR else Verdict.READABLE


def _blur(grey: Image.Image) -> int:
    """How little a further blurring takes away, 0 to 100, the worse of the two directions.

    A sharp page loses most of its edges to a second blurring, a blurred one hardly any; contrast
    and amount of text drop out. Source: Crete et al., "The blur effect: perception and estimation
    with a new no-reference perceptual blur metric", 2007.
    """
    soft = grey.filter(ImageFilter.BoxBlur(_ACROSS))
    worst = 0.0
    for dx, dy in ((1, 0), (0, 1)):
        before = ImageChops.difference(grey, ImageChops.offset(grey, dx, dy))
        after = ImageChops.difference(soft, ImageChops.offset(soft, dx, dy))
        edges = ImageStat.Stat(before).sum[0]
        if edges:
            lost = ImageStat.Stat(ImageChops.subtract(before, after)).sum[0]
            worst = max(worst, 1 - lost / edges)
    return round(100 * worst)
