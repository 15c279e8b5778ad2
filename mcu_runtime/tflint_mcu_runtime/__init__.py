"""The microcontroller runtime as package data: C99 kernels, boards, firmware and fact tables."""
