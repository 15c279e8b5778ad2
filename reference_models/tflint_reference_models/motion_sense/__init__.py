"""MotionSense: on stairs, walking or jogging, sitting or standing, from a phone in a pocket."""
