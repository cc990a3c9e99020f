"""docs/craft.md."""
from e2e import fact, need_root, true
from tutorial import shows


@fact
def the_tutorial_shows_what_happens():
    need_root()
    true(shows("craft.md") > 25, "the tutorial has few examples")
