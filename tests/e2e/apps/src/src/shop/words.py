SHAPE = "src"
