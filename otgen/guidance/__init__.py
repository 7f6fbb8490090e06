"""From a picture to a loss, and to the next picture.

``loop`` repeats the steps: draw, compare, update. ``objective`` compares: ``cutouts`` crops the
picture where ``sampling`` says, and maps each crop with ``homography``. ``clip`` embeds crops and
prompts; ``reading`` reads texts, ``words`` checks them, and ``exemplars`` embeds pictures as
prompts.

Three terms join the loss: ``anchor`` holds pictures to their start, ``avoidance`` pushes cutouts
away from negative prompts, and ``placement`` sends each prompt to its place.
"""
