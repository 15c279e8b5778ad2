"""MusicClassifier: which of ten genres are these five seconds of music?"""
