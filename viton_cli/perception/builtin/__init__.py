"""The built-in perception, and the choice of the person a photo is about.

person.py        from a photo to a `Person`, with any pose and parsing backend
people.py        other joint orders, the largest person first, how clear; for any pose backend
builtin.py       the built-in pose and parsing backends
network.py       their network: joints and labels from one encoder
efficientnet.py  published weights the encoder can start from
depthwise.py     depthwise convolutions whose training is quick on a CPU
look.py          what the network saw in one frame, and what speaks for a person in it
search.py        where else to look for a person
enlarge.py       labels at the photo's size
"""
