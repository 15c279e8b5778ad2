"""What the card says of MotionSense that no figure of its trainings says."""

from __future__ import annotations

PROSE: tuple[tuple[str, str], ...] = (
    (
        "Data",
        "24 people, an iPhone 6s in the front pocket, six activities in 360 trials; total"
        " acceleration in g, 50 times a second. A window is 256 readings (5.12 s), one each 2.56 s,"
        " and has its trial's label. Trial 13 of subject 1 is trial 5 once more, and left out.\n\n"
        "Subjects 4, 8, 12, 16, 20 and 24 are tested on, 2, 10 and 18 are kept to choose by. They"
        " were named before anything was trained. In the folds each of the 24 is tested on once;"
        " the networks were chosen with 18 of them, so the figures of the folds may be a little too"
        " good. The six of the single split had no part in any choice.",
    ),
    (
        "Accuracy",
        "Ours takes spectra (below). The original network takes recurrence plots: of windows here,"
        " made by its own recipe from each second reading (in steps of 0.03 g for 0.1, which serves"
        " it better), so that both decide on the same 5.12 s."
        " Distances between readings do not change with gravity or with how the phone lies. *The"
        " original's layers on our features* tells what the features do from what the network"
        " does.\n\n"
        "The second experiment is the original's own: one plot of a whole trial, of 12 columns of"
        " processed motion (attitude, gravity, rotation rate, acceleration) that no bare"
        " accelerometer has. Trials last from 8 seconds to five minutes, so it decides once where"
        " windows decide every 2.56 s.",
    ),
    (
        "What the network takes",
        "`motion_sense/features.py`, `bands`: gravity is the mean of the window; the rest is parted"
        " into what lies along it and what lies across it, so that neither the pocket nor how the"
        " phone is turned in it shows. Of each, the logarithm of the power in 24 bands from 0.4 to"
        " 20 Hz: about 7,300 multiply-accumulates each 2.56 s, 8,496 more in the network.",
    ),
    (
        "How it was chosen",
        "In six folds of the 18 subjects that are not tested on, each window right or wrong, with"
        " a quarter of those at rest (which all networks tell apart; so these figures lie below"
        " those of all windows). 16 varied copies of each window, 24 epochs, one seed:\n\n"
        "| Network | weights | right |\n"
        "|---|---:|---:|\n"
        "| convolution 8@5, pool 2 | 368 | 94.7 % |\n"
        "| convolution 16@9, pool 4 | 576 | 95.0 % |\n"
        "| **convolution 24@7, pool 4** | **768** | **96.0 %** |\n"
        "| convolution 12@7, pool 2, convolution 12@5, pool 2 | 1,104 | 95.9 % |\n"
        "| convolution 16@7, pool 4, dense 12 | 1,412 | 95.1 % |\n\n"
        "A seed changes these by up to half a point. How much windows are varied changes little"
        " (94.1 to 94.5 % of the first, without smoothed labels, for 1.7 to 3 times the pace,"
        " force, lean or noise); that they are varied at all is worth two points (95.1 to 97.5 % of"
        " all windows, convolution 16@5, pool 2, dense 16).\n\n"
        "Networks of recurrence plots, in folds of the same 18 subjects:\n\n"
        "| Network | weights | right |\n"
        "|---|---:|---:|\n"
        "| **convolution 8@5x5 by 2, pool 2, convolution 16@3x3, pool 2, mean and greatest** |"
        " **1,448** | **98.1 %** |\n"
        "| convolution 12@5x5 by 2, pool 4, dense 8 | 1,860 | 97.4 % |\n"
        "| convolution 8@5x5 by 2, pool 2, convolution 16@3x3 by 2, flattened, smoothed labels |"
        " 2,120 | 97.8 % |\n"
        "| convolution 8@8x8 by 4, convolution 16@3x3 by 2, flattened | 2,432 | 97.0 % |\n"
        "| the original's, at a third of the rate | 4,944 | 96.3 % |",
    ),
    (
        "Limits",
        "- One phone, one pocket, one place, 24 people. A wrist or a bag wants another model.\n"
        "- Three classes and no other: cycling, a lift or a car come out as one of them.\n"
        "- Nearly all mistakes are between stairs and walking; labels are whole trials', landings"
        " included. People differ: see the figures by subject.\n"
        "- Answers are of 5.12 s; the first comes after as long.\n"
        "- The interval over subjects is the one that speaks of someone new; the one over windows"
        " takes each for independent, which they are not.",
    ),
)
