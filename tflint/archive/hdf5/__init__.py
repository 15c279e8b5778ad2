"""What is needed of HDF5 to read a Keras model: attributes, groups, shapes. Bounded, no h5py.

Offsets and layouts are those of the HDF Group's "HDF5 File Format Specification" 3.0.
"""
